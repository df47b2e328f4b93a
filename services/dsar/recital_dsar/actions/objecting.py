"""An objection reaches consent as soon as it is known who objects: what it is about is suspended until it is decided.

AVG art. 21(1): the use stops at the objection, not at the decision on it. Consent keeps what the person said; here it
is decided, and the decision ends the suspension for good or lifts it (R17).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from recital_database import Transaction, announce, new_id
from recital_errors import Malformed
from recital_events import ObjectionRejected, ObjectionUpheld
from recital_ledger import instant

from recital_dsar.actions.entries import Happening, enter
from recital_dsar.actions.means import Means, Ordered, order_for
from recital_dsar.actions.measuring import WORDING, go_on
from recital_dsar.actions.moves import move
from recital_dsar.decisions.measures import Measure, MeasureState, Taken
from recital_dsar.model import Move, Request, RequestKind, State
from recital_dsar.store.measures import add_measure, measures_of
from recital_dsar.store.requests import request
from recital_dsar.store.steps import add_step

OBJECT = "object"
GIVEN_UP = frozenset({State.REFUSED, State.CLOSED})


@dataclass(frozen=True, slots=True)
class ObjectionRuling:
    """What an officer decides on an objection: `purposes` None means all that may be objected to."""

    upheld: bool
    purposes: tuple[str, ...] | None
    ground: str
    by: str


async def raise_objection(tx: Transaction, found: Request) -> None:
    """Let an identified person's objection be told to consent, in the background; other requests pass."""
    if found.kind is RequestKind.OBJECTION and found.subjects:
        await add_step(tx, OBJECT, about=found.id, request=found.id)


async def tell_objection(means: Means, tenant_id: UUID, request_id: UUID) -> None:
    """Tell consent that a person objects. Raises Unavailable, or Malformed where it refuses: it may be called again.

    A decision that was taken meanwhile is told again after it, so that nothing stays suspended.
    """
    async with means.database.transaction(tenant_id) as tx:
        found = await request(tx, request_id)
        decided = await _decided(tx, found)
    if not decided:
        consent = means.ordered("consent", order_for(tenant_id, request_id, found.subjects or (), OBJECT))
        for subject in found.subjects or ():
            await _object(consent, found, subject)
    async with means.database.transaction(tenant_id) as tx:
        for each in await _decided(tx, await request(tx, request_id, lock=True)):
            await announce(tx, each)


async def rule_on_objection(tx: Transaction, means: Means, request_id: UUID, ruling: ObjectionRuling) -> Request:
    """Write the decision on an objection and tell it (AVG art. 21). Raises NotFound, Gone, Conflict, Malformed."""
    found = await request(tx, request_id, lock=True)
    if found.kind is not RequestKind.OBJECTION:
        raise Malformed("decision_not_for_kind", "Only an objection is decided this way.")
    await move(tx, found, Move.CARRY_OUT)
    taken = Taken(
        id=await new_id(tx),
        request=request_id,
        measure=Measure.OBJECTION,
        holding=None,
        kind=None,
        ground="21(1)",
        state=MeasureState.DONE if ruling.upheld else MeasureState.REJECTED,
        restricted=False,
        certificate=None,
        held_back_by=None,
        look_again=False,
        decided_at=tx.now,
        settled_at=tx.now,
        purposes=ruling.purposes,
    )
    sealed = await means.vault.seal_small(tx.tenant, found.file_key, ruling.ground.encode(), WORDING)
    await add_measure(tx, taken, sealed)
    await announce(tx, _ruled(found, taken))
    happened = Happening(
        f"objection.{'upheld' if ruling.upheld else 'rejected'}",
        by=ruling.by,
        facts={"objection": str(taken.id)},
        details={"ground": ruling.ground},
    )
    await enter(tx, means.vault, found, happened)
    await go_on(tx, means, request_id)
    return await request(tx, request_id)


async def give_up_objection(tx: Transaction, found: Request) -> None:
    """A request is refused or withdrawn as a whole: what its objection suspended is used again."""
    if found.kind is RequestKind.OBJECTION and found.order is not None and found.subjects:
        await announce(tx, _given_up(tx, found))


async def _object(consent: Ordered, found: Request, subject: UUID) -> None:
    """One person's objection, once however often it is told; one whose identity is gone has nothing to object to."""
    answer = await consent.neighbour.post(
        f"/v1/subjects/{subject}/objections",
        token=consent.token(),
        json={"at": instant(found.received_at)},
        key=f"{found.id}-{subject}",
    )
    if not answer.is_success and answer.status_code not in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        raise Malformed("objection_refused", "Consent refused an objection.")


async def _decided(tx: Transaction, found: Request) -> Sequence[ObjectionUpheld | ObjectionRejected]:
    """What is to be told of an objection that is decided or given up; nothing while it waits."""
    rulings = [each for each in await measures_of(tx, found.id) if each.measure is Measure.OBJECTION]
    if rulings:
        return [_ruled(found, each) for each in rulings]
    return [_given_up(tx, found)] if found.state in GIVEN_UP else []


def _ruled(found: Request, taken: Taken) -> ObjectionUpheld | ObjectionRejected:
    told = ObjectionRejected if taken.state is MeasureState.REJECTED else ObjectionUpheld
    return told(
        objection=taken.id,
        request=found.id,
        subjects=found.subjects or (),
        purposes=taken.purposes,
        decided_at=taken.decided_at,
    )


def _given_up(tx: Transaction, found: Request) -> ObjectionRejected:
    return ObjectionRejected(
        objection=found.id, request=found.id, subjects=found.subjects or (), purposes=None, decided_at=tx.now
    )
