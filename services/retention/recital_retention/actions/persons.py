"""Persons who turn out to be one, or two: what keeps for the one keeps for both, until they are split (R12)."""

from collections.abc import Sequence
from uuid import UUID

from recital_database import Transaction
from recital_events import SubjectMerged, SubjectSplit

from recital_retention.actions.holds import hold_whole_person
from recital_retention.store import holdings, persons, schedule


async def merge_persons(tx: Transaction, event: SubjectMerged) -> None:
    """Let open requests and holds about either subject cover both."""
    await persons.merge(tx, event.subject, event.merged, event.merged_at)
    await _cover(tx, await persons.one_person(tx, [event.subject, event.merged]))


async def split_persons(tx: Transaction, event: SubjectSplit) -> None:
    """Let requests about the one no longer cover the other; what only those kept is decided again."""
    before = await persons.one_person(tx, [event.subject, event.split])
    await persons.split(tx, event.subject, event.split)
    await _cover(tx, before)


async def _cover(tx: Transaction, subjects: Sequence[UUID]) -> None:
    about = await persons.holdings_about(tx, subjects)
    # First the locks: what is not past the point of no return now cannot pass it before this commits.
    await holdings.lock(tx, about)
    for request in await persons.withholdings_about(tx, subjects):
        await persons.withhold_for_person(tx, request)
    await hold_whole_person(tx, subjects)
    await schedule.put_now(tx, about)
