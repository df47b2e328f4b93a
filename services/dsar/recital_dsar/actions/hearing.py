"""What retention and consent tell about what was decided: erasures certified or held back, holds, persons merged."""

from uuid import UUID

from recital_database import Transaction, alarm
from recital_errors import Gone
from recital_events import ErasureCertified, ErasureOrdered, ErasureWithheld, HoldReleased

from recital_dsar.actions.collection import collect_anew
from recital_dsar.actions.entries import Happening, enter
from recital_dsar.actions.letters import write_letter
from recital_dsar.actions.means import Means
from recital_dsar.actions.measuring import go_on, lift_restriction, set_restriction
from recital_dsar.actions.packaging import lose_package
from recital_dsar.actions.wording import THINGS
from recital_dsar.decisions.letters import LetterKind
from recital_dsar.decisions.measures import STILL_NEEDED, Measure, MeasureState, Taken, looks_again
from recital_dsar.decisions.states import AWAITS_PROOF
from recital_dsar.model import Request, State
from recital_dsar.store.measures import change_measure, measures_on
from recital_dsar.store.packages import newest_package
from recital_dsar.store.requests import change_request, open_about, request


async def note_ordered(tx: Transaction, event: ErasureOrdered) -> None:
    """Note that an erasure that was asked for is past the point of no return; a part of it is not the whole."""
    if event.spans_kept:
        return
    for taken in await measures_on(tx, event.holding):
        if taken.measure is Measure.ERASE and taken.state in (MeasureState.ASKED, MeasureState.HELD_BACK):
            await change_measure(tx, taken.id, state=MeasureState.ORDERED.value)


async def note_withheld(tx: Transaction, means: Means, event: ErasureWithheld) -> None:
    """Note that an erasure must wait, on which ground; what is kept is restricted meanwhile (R14)."""
    for taken in await measures_on(tx, event.holding):
        if taken.measure is not Measure.ERASE or taken.state is not MeasureState.ASKED:
            continue
        if taken.request != event.request:
            continue
        if event.ground == STILL_NEEDED:
            await change_measure(tx, taken.id, held_back_by=event.ground)
            await go_on(tx, means, taken.request)
            continue
        await change_measure(
            tx, taken.id, state=MeasureState.HELD_BACK.value, held_back_by=event.ground, settled_at=tx.now
        )
        await set_restriction(tx, taken, event.ground)
        await go_on(tx, means, taken.request)


async def note_certified(tx: Transaction, means: Means, event: ErasureCertified) -> None:
    """Note a certificate beside what was asked, lift our restrictions on what is gone, and go on."""
    for taken in await measures_on(tx, event.holding):
        await lift_restriction(tx, taken)
        if taken.measure is Measure.ERASE and taken.state is not MeasureState.DONE:
            await _certified(tx, means, taken, event.certificate)
        elif taken.measure is not Measure.ERASE:
            await change_measure(tx, taken.id, state=MeasureState.OVER.value, look_again=False)


async def note_released(tx: Transaction, event: HoldReleased) -> None:
    """Ask for a new decision on what was kept because of a hold that is over (R14)."""
    for taken in await measures_on(tx, event.holding):
        if looks_again(taken):
            await change_measure(tx, taken.id, look_again=True)
            await alarm(tx, "kept_to_decide_again", about=taken.id, detail="The hold on what was kept is released.")


async def note_merged(tx: Transaction, means: Means, kept: UUID, merged: UUID) -> None:
    """Let open requests about either person concern both; what was collected of one alone is collected anew."""
    for found in {each.id: each for one in (kept, merged) for each in await open_about(tx, one)}.values():
        await _concern(tx, means, found, {*(found.subjects or ()), kept, merged})


async def note_split(tx: Transaction, means: Means, split: UUID) -> None:
    """Take a person who is one of their own again out of requests that named others too; see `note_merged`."""
    for found in await open_about(tx, split):
        others = {each for each in found.subjects or () if each != split}
        if others:
            await _concern(tx, means, found, others)


async def _concern(tx: Transaction, means: Means, found: Request, subjects: set[UUID]) -> None:
    """Let a request concern these subjects. A package of others is lost at once: it may hold a stranger's data."""
    if subjects == set(found.subjects or ()):
        return
    if found.state in AWAITS_PROOF | {State.IDENTIFIED}:
        await change_request(tx, found.id, subjects=sorted(subjects))
        return
    if found.state in (State.BUILDING, State.READY) and (ready := await newest_package(tx, found.id)) is not None:
        await lose_package(tx, ready, "subjects_changed")
        found = await request(tx, found.id)
    if found.state in (State.COLLECTING, State.REVIEW):
        await collect_anew(tx, means.vault, found, subjects)
    else:
        await alarm(tx, "subjects_changed", about=found.id, detail="Persons were merged or split after the decision.")


async def _certified(tx: Transaction, means: Means, taken: Taken, certificate: UUID) -> None:
    await change_measure(
        tx, taken.id, state=MeasureState.DONE.value, certificate=certificate, settled_at=tx.now, held_back_by=None
    )
    try:
        found = await request(tx, taken.request, lock=True)
    except Gone:
        return
    facts = {"measure": str(taken.id), "certificate": str(certificate)}
    await enter(tx, means.vault, found, Happening("erasure.certified", facts=facts))
    if found.state is State.CARRYING_OUT:
        await go_on(tx, means, found.id)
    else:
        # The decision has been told without it: the person hears of the end as well.
        what = THINGS[found.language].get(taken.kind, taken.kind)
        told = {"what": what, "certificate": str(certificate)}
        await write_letter(tx, means, found, LetterKind.CERTIFICATE, facts=told)
