"""What follows from a timeline as it stands: when the call began and ended, what is told, which permits fall."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from recital_database import Transaction, announce, record
from recital_events import CallEnded, PermitRevoked, PurposeSpans

from recital_consent.actions.means import LOG
from recital_consent.decisions.permitting import in_milliseconds, remaining, revoked_by
from recital_consent.decisions.verdict import Verdict, decide
from recital_consent.model.calls import CallRecord, EntryKind
from recital_consent.model.permits import Issued, listed
from recital_consent.model.spans import FOREVER, instant_of
from recital_consent.store import permits


def state_of(call: CallRecord, now: datetime) -> tuple[CallRecord, Verdict]:
    """Return a call with what its timeline says of it, and the verdict of the rulebook."""
    verdict = decide(call.facts, now)
    changed = replace(
        call,
        started_at=None if verdict.starts_at is None else instant_of(verdict.starts_at),
        ended_at=None if verdict.ends_at == FOREVER else instant_of(verdict.ends_at),
        private=verdict.private,
    )
    return changed, verdict


def end_of(call: CallRecord) -> list[CallEnded]:
    """Return what is told of a call that has ended; nothing before its end."""
    if call.ended_at is None:
        return []
    ended = CallEnded(
        call=call.id,
        started_at=call.started_at,
        ended_at=call.ended_at,
        subjects=call.subjects,
        references=call.references,
        private=call.private,
    )
    return [ended]


async def announce_end(tx: Transaction, call: CallRecord) -> None:
    """Tell that a call has ended, or what is different of one that had. Before its end nothing is told."""
    for each in end_of(call):
        await announce(tx, each)


def told_of(call: CallRecord) -> tuple[object, ...]:
    """Return what `call.ended` says: told again when any of it changes."""
    return call.started_at, call.ended_at, call.subjects, call.references, call.private


async def revoke_permits(tx: Transaction, call: CallRecord, verdict: Verdict, kinds: Collection[EntryKind]) -> None:
    """Take from every permit of a call what its timeline now takes away; `kinds` are those of the new entries."""
    for permit in await permits.permits_of(tx, call.id):
        now_kept = {
            key: in_milliseconds(spans, permit.answered_at, permit.expires_at)
            for key, spans in verdict.keepable.items()
        }
        left = remaining(permit.spans, now_kept)
        if left == permit.spans:
            continue
        reason = revoked_by(kinds, final=permit.final)
        await permits.limit_permit(tx, permit.id, left, revoked=reason)
        if reason is not None:
            await _tell(tx, replace(permit, spans=left), reason)


async def _tell(tx: Transaction, permit: Issued, reason: str) -> None:
    await record(
        tx,
        LOG,
        "permit.revoked",
        facts={"permit": str(permit.id), "call": str(permit.call), "reason": reason},
        details={"spans": listed(permit.spans)},
    )
    await announce(
        tx,
        PermitRevoked(
            permit=permit.id,
            call=permit.call,
            recording_spans=tuple(PurposeSpans.model_validate(each) for each in listed(permit.spans)),
            revoked_at=tx.now,
            reason=reason,
        ),
    )
