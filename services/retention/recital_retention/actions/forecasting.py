"""What will be erased and why: tonight, under a policy that is thought of, and on each day to come (R11, R15)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from recital_database import Transaction
from recital_errors import Malformed, NotFound
from recital_events import HoldingKind

from recital_retention.decisions.clocks import read_duration
from recital_retention.decisions.pace import day_starts, most_moved, run_ends
from recital_retention.store import forecasts, pace, tenants
from recital_retention.store.forecasts import Counted, DueOn, Foreseen, Thought

LONGEST_DAYS = 400


@dataclass(frozen=True, slots=True)
class Forecast:
    """What ends by `until`: counts, how many clocks the policy brings forward, and whether a second person is needed.

    `moved` of those that will be erased end by the policy itself; more than `most` wait for a second person.
    """

    until: datetime
    counted: Sequence[Counted]
    clocks_moved: int
    moved: int
    most: int


async def thought_of(
    tx: Transaction, *, purpose: str | None, kind: HoldingKind | None, retention: str | None
) -> Thought:
    """Return what is thought of, until the end of the run that goes on or comes next.

    Raises NotFound where no purpose has this key, Malformed for a duration that is none or absurd.
    """
    rhythm = await pace.pace_of(tx)
    until = run_ends(rhythm.window, tx.now, rhythm.zone)
    if retention is None:
        return Thought(until, rhythm.zone)
    found = None
    if purpose is not None:
        found = await tenants.purpose_of_key(tx, purpose)
        if found is None:
            raise NotFound("purpose_unknown", "No purpose has this key.")
    return Thought(until, rhythm.zone, found, kind, read_duration(retention))


async def forecast(tx: Transaction, thought: Thought) -> Forecast:
    """Count what ends by the thought's moment."""
    counted = await forecasts.count(tx, thought)
    moved = sum(each.holdings for each in counted if each.because == "retention_shortened" and not each.kept_by)
    most = most_moved(await pace.living(tx))
    return Forecast(thought.until, counted, await forecasts.clocks_moved(tx, thought), moved, most)


async def page(tx: Transaction, thought: Thought, *, after: UUID | None, most: int) -> Sequence[Foreseen]:
    """Return a page of what will be erased by the thought's moment."""
    return await forecasts.page(tx, thought, after=after, most=most)


async def due_by_day(tx: Transaction, first: date, last: date) -> Sequence[DueOn]:
    """Return what is due on each of the tenant's local days, both ends included.

    Raises Malformed `period_malformed` where the last is before the first or more than 400 days after it.
    """
    if not timedelta() <= last - first <= timedelta(days=LONGEST_DAYS):
        raise Malformed("period_malformed", f"A period ends after it starts, within {LONGEST_DAYS} days.")
    zone = (await pace.pace_of(tx)).zone
    until = day_starts(last + timedelta(days=1), zone)
    return await forecasts.due_by_day(tx, zone, first=day_starts(first, zone), until=until)
