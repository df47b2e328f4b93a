"""Withdrawals of consent and objections outside any one call: kept in the control ledger, from which consent learns
them again if its database is restored from before them (R08, R17). What they end, permits and requests say.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from recital_database import Transaction
from recital_events import ConsentWithdrawn, ObjectionRaised, ObjectionRejected, ObjectionUpheld

from recital_retention.store import control
from recital_retention.store.control import ControlEntry

WITHDRAWAL = "withdrawal"


async def note_withdrawal(tx: Transaction, event: ConsentWithdrawn) -> None:
    """Keep that a person withdrew consent."""
    await _keep(tx, event.withdrawal, _said("consent", [event.subject], event.purposes, event.withdrawn_at))


async def note_objection(tx: Transaction, event: ObjectionRaised) -> None:
    """Keep that a person objects."""
    await _keep(tx, event.objection, _said("objection", [event.subject], event.purposes, event.raised_at))


async def note_upheld(tx: Transaction, event: ObjectionUpheld) -> None:
    """Keep that a person's objection holds."""
    said = _said("objection_upheld", event.subjects, event.purposes, event.decided_at)
    await _keep(tx, event.objection, said | {"request": str(event.request)})


async def note_rejected(tx: Transaction, event: ObjectionRejected) -> None:
    """Keep that a person's objection does not hold."""
    said = _said("objection_rejected", event.subjects, event.purposes, event.decided_at)
    await _keep(tx, event.objection, said | {"request": str(event.request)})


def _said(what: str, subjects: Sequence[UUID], purposes: Sequence[str] | None, at: datetime) -> dict[str, object]:
    return {
        "what": what,
        "subjects": sorted(map(str, subjects)),
        "purposes": None if purposes is None else list(purposes),
        "at": at.isoformat(),
    }


async def _keep(tx: Transaction, about: UUID, said: Mapping[str, object]) -> None:
    number = await control.take_number(tx)
    entry = {"kind": WITHDRAWAL, "tenant": str(tx.tenant), "about": str(about), **said}
    await control.enqueue(tx, [ControlEntry(tx.tenant, number, WITHDRAWAL, about, entry)])
