"""What persons said outside calls, learned again from the control ledger by a database older than it (R08, R17)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_events import ObjectionRejected, ObjectionUpheld

from recital_consent.actions.stating import reject, take_up_again, uphold
from recital_consent.model.statements import Statement, StatementKind, StatementState
from recital_consent.store.statements import objections_behind

_SAID = {
    "consent": (StatementKind.WITHDRAWAL, StatementState.STANDING),
    "objection": (StatementKind.OBJECTION, StatementState.PENDING),
}


async def take_withdrawal(tx: Transaction, entry: Mapping[str, Any]) -> None:
    """Take up a withdrawal, an objection or a decision on one; what is known already stays as it is."""
    about, at = UUID(entry["about"]), datetime.fromisoformat(entry["at"])
    subjects = tuple(UUID(each) for each in entry["subjects"])
    purposes = None if entry["purposes"] is None else tuple(entry["purposes"])
    if entry["what"] in _SAID:
        kind, state = _SAID[entry["what"]]
        named = None if purposes is None else frozenset(purposes)
        for subject in subjects:
            said = Statement(
                id=about, subject=subject, kind=kind, at=at, received_at=tx.now, purposes=named, state=state
            )
            await take_up_again(tx, said)
        return
    request = UUID(entry["request"])
    known = await objections_behind(tx, about, request)
    if known and not any(each.is_undecided for each in known):
        return
    decision = {
        "objection": about,
        "request": request,
        "subjects": subjects,
        "purposes": purposes,
        "decided_at": at,
    }
    if entry["what"] == "objection_upheld":
        await uphold(tx, ObjectionUpheld.model_validate(decision))
    else:
        await reject(tx, ObjectionRejected.model_validate(decision))
