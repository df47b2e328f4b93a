"""Carrying decisions out: each holding's owner is told, and the request goes on when none is waited for any more.

What is kept is restricted; what retention holds back too, until it is certified or an officer decides anew (R14, R17).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from recital_database import Transaction, announce, new_id
from recital_errors import Conflict, Malformed, NotFound
from recital_events import (
    ErasureRequested,
    RectificationDecided,
    RestrictionLifted,
    RestrictionSet,
)

from recital_dsar.actions.deciding import write_decision
from recital_dsar.actions.entries import Happening, enter, opened_details
from recital_dsar.actions.letters import write_letter
from recital_dsar.actions.means import Means
from recital_dsar.actions.moves import move
from recital_dsar.actions.wording import THINGS
from recital_dsar.decisions.letters import LetterKind
from recital_dsar.decisions.measures import (
    ARTICLES,
    Measure,
    MeasureState,
    Taken,
    holdings_of,
    is_needed,
    may_carry_out,
    waits_for,
)
from recital_dsar.model import Decision, Item, Move, Request, State
from recital_dsar.store.entries import sealed_details
from recital_dsar.store.items import Selection, count_items, items_of
from recital_dsar.store.measures import add_measure, change_measure, measure, measures_of, tenant_of_rectification
from recital_dsar.store.requests import request

WORDING = b"measures.wording"
FIRST_STATES = {
    Measure.ERASE: MeasureState.ASKED,
    Measure.KEEP: MeasureState.DONE,
    Measure.RESTRICT: MeasureState.DONE,
    Measure.RECTIFY: MeasureState.DONE,
}


@dataclass(frozen=True, slots=True)
class SecondRuling:
    """What an officer decides anew on what was kept: an article of AVG art. 17(1) or 17(3), and why."""

    erase: bool
    article: str
    ground: str
    by: str


async def carry_out(tx: Transaction, means: Means, request_id: UUID, *, by: str) -> Request:
    """Tell every owner what was decided. Doing it again changes nothing.

    Raises NotFound, Gone, Conflict `request_state`, `items_undecided` or `nothing_to_carry_out`.
    """
    found = await request(tx, request_id, lock=True)
    if found.state in (State.CARRYING_OUT, State.READY):
        return found
    refusal = may_carry_out(found.kind, await count_items(tx, request_id))
    if refusal is not None:
        raise Conflict(refusal.code, "These decisions cannot be carried out yet.", reasons=[refusal])
    await move(tx, found, Move.CARRY_OUT)
    items = await items_of(tx, request_id, Selection())
    terms = await _terms(tx, means, found, items)
    for decision, measured in (
        (Decision.ERASE, Measure.ERASE),
        (Decision.KEEP, Measure.KEEP),
        (Decision.RESTRICT, Measure.RESTRICT),
        (Decision.RECTIFY, Measure.RECTIFY),
    ):
        for holding, item in holdings_of(items, decision).items():
            stated = terms.get(item.entry) if item.entry is not None else None
            await _take(tx, means, found, (measured, holding, item.kind), stated or {})
    await enter(tx, means.vault, found, Happening("decisions.carried_out", by=by))
    await go_on(tx, means, found.id)
    return await request(tx, request_id)


async def decide_again(tx: Transaction, means: Means, of: tuple[UUID, UUID], ruling: SecondRuling) -> Taken:
    """Decide anew on what was kept (`of`: request and measure), also after the request is closed.

    Raises NotFound, Conflict, Malformed.
    """
    measure_id = of[1]
    kept = await measure_of(tx, *of)
    if kept.measure is not Measure.KEEP or kept.state is not MeasureState.DONE or kept.holding is None:
        raise Conflict("measure_state", "Only what is kept is decided on again.")
    if ruling.article not in ARTICLES[Decision.ERASE if ruling.erase else Decision.KEEP]:
        raise Malformed("article_missing", "The article does not fit the decision.")
    found = await request(tx, kept.request)
    happened = Happening(
        "measure.decided_again",
        by=ruling.by,
        facts={"measure": str(measure_id), "erase": ruling.erase, "article": ruling.article},
        details={"ground": ruling.ground},
    )
    await enter(tx, means.vault, found, happened)
    if ruling.erase:
        # The restriction stays until the erasure is certified: nobody uses it meanwhile.
        await _take(tx, means, found, (Measure.ERASE, kept.holding, kept.kind or ""), {"article": ruling.article})
        await change_measure(tx, measure_id, look_again=False, settled_at=tx.now)
    else:
        await change_measure(tx, measure_id, look_again=False, ground=ruling.article)
    return (await measure(tx, measure_id))[0]


async def lift(tx: Transaction, means: Means, of: tuple[UUID, UUID], *, reason: str, by: str) -> Taken:
    """Lift a restriction a person asked for (`of`: request and measure); the person is told before (AVG art. 18(3)).

    Raises NotFound, Gone, Conflict.
    """
    measure_id = of[1]
    taken = await measure_of(tx, *of)
    if taken.measure is not Measure.RESTRICT or not taken.restricted:
        raise Conflict("measure_state", "No restriction stands that a person asked for.")
    found = await request(tx, taken.request)
    facts = {"measure": str(measure_id)}
    await enter(tx, means.vault, found, Happening("restriction.lifted", by=by, facts=facts, details={"reason": reason}))
    what = THINGS[found.language].get(taken.kind, taken.kind)
    await write_letter(tx, means, found, LetterKind.RESTRICTION_LIFTED, facts={"what": what, "reason": reason})
    await lift_restriction(tx, taken)
    await change_measure(tx, measure_id, state=MeasureState.OVER.value, settled_at=tx.now)
    return (await measure(tx, measure_id))[0]


async def measure_of(tx: Transaction, request_id: UUID, measure_id: UUID) -> Taken:
    """Return a measure of a request; raises NotFound, also for another request's."""
    taken, _ = await measure(tx, measure_id)
    if taken.request != request_id:
        raise NotFound
    return taken


async def measures_shown(tx: Transaction, request_id: UUID) -> Sequence[Taken]:
    """Return what was decided about holdings. Raises NotFound, Gone."""
    await request(tx, request_id)
    return await measures_of(tx, request_id)


async def set_restriction(tx: Transaction, taken: Taken, ground: str) -> None:
    """Restrict a holding; it bears the measure's id."""
    if taken.holding is None or taken.restricted:
        return
    await change_measure(tx, taken.id, restricted=True)
    told = {"holding": taken.holding, "kind": taken.kind, "ground": ground, "set_at": tx.now}
    await announce(tx, RestrictionSet.model_validate({"restriction": taken.id, "request": taken.request, **told}))


async def lift_restriction(tx: Transaction, taken: Taken) -> None:
    """Lift the restriction that a measure set, if one stands."""
    if taken.holding is None or not taken.restricted:
        return
    await change_measure(tx, taken.id, restricted=False)
    told = {"holding": taken.holding, "kind": taken.kind, "lifted_at": tx.now}
    await announce(tx, RestrictionLifted.model_validate({"restriction": taken.id, "request": taken.request, **told}))


async def go_on(tx: Transaction, means: Means, request_id: UUID) -> None:
    """When no measure is waited for any more, write the decision: the request ends when that letter is out."""
    found = await request(tx, request_id, lock=True)
    taken = await measures_of(tx, request_id)
    if found.state is not State.CARRYING_OUT or waits_for(taken):
        return
    for each in taken:
        if is_needed(each):
            await change_measure(tx, each.id, state=MeasureState.HELD_BACK.value, settled_at=tx.now)
    await move(tx, found, Move.FINISH_MEASURES)
    await write_decision(tx, means, await request(tx, request_id), await measures_of(tx, request_id))


async def owner_of(look: Transaction, rectification: UUID) -> UUID | None:
    """Return whose correction this is (`look` is the worker's transaction), None where there is none."""
    return await tenant_of_rectification(look, rectification)


async def wording_of(tx: Transaction, means: Means, rectification: UUID) -> tuple[Taken, str]:
    """Return a correction and its text. Raises NotFound, Gone."""
    taken, sealed = await measure(tx, rectification)
    found = await request(tx, taken.request)
    if sealed is None:
        return taken, ""
    return taken, (await means.vault.open_small(tx.tenant, found.file_key, sealed, WORDING)).decode()


async def _take(
    tx: Transaction,
    means: Means,
    found: Request,
    what: tuple[Measure, UUID, str],
    stated: Mapping[str, Any],
) -> None:
    measured, holding, kind = what
    ground = str(stated.get("article") or "17(1)(a)")
    new = Taken(
        id=await new_id(tx),
        request=found.id,
        measure=measured,
        holding=holding,
        kind=kind,
        ground=ground,
        state=FIRST_STATES[measured],
        restricted=False,
        certificate=None,
        held_back_by=None,
        look_again=False,
        decided_at=tx.now,
        settled_at=None if measured is Measure.ERASE else tx.now,
    )
    # The words of a correction, or of the ground on which something is kept: both are told later.
    words = stated.get("wording") if measured is Measure.RECTIFY else stated.get("ground")
    await add_measure(tx, new, await _seal(tx, means, found, words) if words else None)
    if measured is Measure.ERASE:
        told = {"holding": holding, "kind": kind, "ground": ground_code(ground), "requested_at": tx.now}
        subjects = found.subjects or ()
        await announce(tx, ErasureRequested.model_validate({"request": found.id, "subjects": subjects, **told}))
    elif measured is Measure.RECTIFY:
        told = {"holding": holding, "kind": kind, "decided_at": tx.now}
        await announce(tx, RectificationDecided.model_validate({"rectification": new.id, "request": found.id, **told}))
    else:
        await set_restriction(tx, new, ground_code(ground))


def ground_code(article: str) -> str:
    """Return an article as events spell it: `17(3)(e)` is `17.3.e`."""
    return article.replace(")(", ".").replace("(", ".").replace(")", "")


async def _terms(tx: Transaction, means: Means, found: Request, items: Sequence[Item]) -> dict[UUID, Mapping[str, Any]]:
    entries = sorted({each.entry for each in items if each.entry is not None})
    sealed = await sealed_details(tx, entries)
    return {entry: await opened_details(tx, means.vault, found, details) for entry, details in sealed.items()}


async def _seal(tx: Transaction, means: Means, found: Request, words: str) -> bytes:
    return await means.vault.seal_small(tx.tenant, found.file_key, words.encode(), WORDING)
