"""What follows from a timeline as it stands: when the call began and ended, and what is told of that."""

from dataclasses import replace
from datetime import datetime

from recital_database import Transaction, announce
from recital_events import CallEnded

from recital_consent.decisions.verdict import Verdict, decide
from recital_consent.model.calls import CallRecord
from recital_consent.model.spans import FOREVER, instant_of


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
