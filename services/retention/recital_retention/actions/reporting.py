"""Reports for those who answer for the register (AVG art. 30): what is kept how long, erased, held, overdue, to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from recital_database import Transaction
from recital_errors import Malformed

from recital_retention.decisions.pace import day_starts, expected_end, last_opening, run_of
from recital_retention.model import CalendarDuration
from recital_retention.store import pace, reports, tenants
from recital_retention.store.reports import Erased, Overdue, Progress, RegisterLine

OVERDUE_AFTER = timedelta(minutes=15)
"""What the schedule is given before a holding counts as overdue."""
LATELY = timedelta(minutes=5)
"""Over how long the rate of erasing is taken."""


@dataclass(frozen=True, slots=True)
class Register:
    """The retention register: purposes with their times, the tenant's own times of kinds, and what exists."""

    lines: Sequence[RegisterLine]
    kept: Mapping[str, CalendarDuration]
    living: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Goes:
    """How the erasing goes, how many a second, and when what is due will be done (None: nobody can tell yet)."""

    progress: Progress
    per_second: float
    expected_end: datetime | None


async def register(tx: Transaction) -> Register:
    """Return the retention register."""
    tenant = await tenants.find_tenant(tx)
    kept: Mapping[str, CalendarDuration] = {} if tenant is None else {str(k): d for k, d in tenant.kept.items()}
    return Register(await reports.register_lines(tx), kept, await reports.living_by_kind(tx))


async def erasures(tx: Transaction, first: date, last: date) -> Sequence[Erased]:
    """Return what was erased in a period of local days, by month; raises Malformed `period_malformed`."""
    if not timedelta() <= last - first <= timedelta(days=3_700):
        raise Malformed("period_malformed", "A period ends after it starts, within ten years.")
    zone = (await pace.pace_of(tx)).zone
    until = day_starts(last + timedelta(days=1), zone)
    return await reports.erased_by_month(tx, zone, first=day_starts(first, zone), until=until)


async def overdue(tx: Transaction, *, after: UUID | None, most: int) -> Sequence[Overdue]:
    """Return what should have been ordered by now and was not: empty, or something is wrong."""
    rhythm = await pace.pace_of(tx)
    before = tx.now - OVERDUE_AFTER
    if rhythm.window is not None:
        # What came to its end since the window opened last is not late.
        before = last_opening(rhythm.window, before, rhythm.zone)
    return await reports.overdue(tx, before, after=after, most=most)


async def progress(tx: Transaction) -> Goes:
    """Return how the erasing goes in the run that goes on, or in the last."""
    rhythm = await pace.pace_of(tx)
    found = await reports.progress(tx, run_of(rhythm.window, tx.now, rhythm.zone), LATELY)
    rate = found.lately / LATELY.total_seconds()
    return Goes(found, rate, expected_end(found.due + found.open_orders, rate, tx.now))
