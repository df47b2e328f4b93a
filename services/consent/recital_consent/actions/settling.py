"""What becomes of permits when more is known of their calls: revoked, suspended while something is decided, reinstated.

One call and a hundred go the same way, in the same number of statements.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from recital_database import Json, Transaction, Writing, announce_all, record_all
from recital_events import Event, PermitReinstated, PermitRevoked, PermitSuspended, PurposeSpans

from recital_consent.actions.means import LOG
from recital_consent.decisions.outside import is_settled, settled
from recital_consent.decisions.permitting import Standing, revoked_by, standing_of
from recital_consent.decisions.verdict import decide
from recital_consent.model.calls import Call, CallRecord, EntryKind
from recital_consent.model.permits import Issued, listed
from recital_consent.store import permits

Because = str | Collection[EntryKind]
"""Why permits may change: one reason code, or the kinds of the entries that came."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What is told of a permit, and what the ledger keeps of it."""

    event: Event
    writing: Writing


async def settle_permits(tx: Transaction, several: Sequence[CallRecord], because: Because) -> None:
    """Take from the permits of these calls what is no longer theirs, and suspend or reinstate them."""
    calls = {call.id: call.facts for call in several}
    changed: list[Issued] = []
    told: list[_Change] = []
    for permit in await permits.permits_of(tx, list(calls)):
        facts = calls[permit.call]
        after = _after(permit, _standing(facts, permit, tx.now), because, tx.now)
        if after != permit:
            changed.append(after)
            told += _changes(permit, after, "private_asked" if facts.asked else "objected", tx.now)
    if changed:
        await permits.change_permits(tx, changed)
        await record_all(tx, LOG, [each.writing for each in told])
        await announce_all(tx, [each.event for each in told])


def _standing(facts: Call, permit: Issued, now: datetime) -> Standing:
    provisional = decide(facts, now).keepable
    for_good = provisional if is_settled(facts) else decide(settled(facts), now).keepable
    return standing_of(permit, for_good, provisional)


def _after(permit: Issued, standing: Standing, because: Because, now: datetime) -> Issued:
    """Return a permit as it is from now on; once revoked it is suspended anew where something is still undecided."""
    reason = because if isinstance(because, str) else revoked_by(because, final=permit.final)
    revoked = standing.taken and reason is not None
    since = now if revoked or permit.suspended_at is None else permit.suspended_at
    return replace(
        permit,
        spans=standing.left,
        revoked_at=now if revoked else permit.revoked_at,
        reason=reason if revoked else permit.reason,
        suspended_at=since if standing.suspended else None,
    )


def _changes(before: Issued, after: Issued, undecided: str, now: datetime) -> list[_Change]:
    """Return what is told of a permit that has changed, in the order in which it is to be understood."""
    named = {"permit": after.id, "call": after.call}
    changes = []
    revoked = after.revoked_at is not None and after.reason is not None and after.revoked_at != before.revoked_at
    if revoked and after.reason is not None:
        spans = listed(after.spans)
        left = tuple(PurposeSpans.model_validate(each) for each in spans)
        event = PermitRevoked(**named, recording_spans=left, revoked_at=now, reason=after.reason)
        changes.append(_change(event, after, after.reason, {"spans": spans}))
    if after.suspended_at is not None and (revoked or before.suspended_at is None):
        suspended = PermitSuspended(**named, suspended_at=now, reason=undecided)
        changes.append(_change(suspended, after, undecided, {}))
    if after.suspended_at is None and before.suspended_at is not None and not revoked:
        changes.append(_change(PermitReinstated(**named, reinstated_at=now), after, "decided", {}))
    return changes


def _change(event: Event, permit: Issued, reason: str, details: dict[str, Json]) -> _Change:
    facts: dict[str, Json] = {"permit": str(permit.id), "call": str(permit.call), "reason": reason}
    return _Change(event, Writing(event.name, facts, details))
