"""What calls refer to (contracts, cases), when that ended, and the clocks that wait for it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from recital_database import Transaction
from recital_events import EndingReported

from recital_retention.decisions.pace import MOVED_FOR
from recital_retention.model import Retention


@dataclass(frozen=True, slots=True)
class Waiting:
    """A running clock of a recording whose call refers to something."""

    recording: UUID
    purpose: UUID
    version: int
    started_at: datetime
    due_at: datetime


async def set_references(tx: Transaction, call: UUID, references: Collection[str]) -> bool:
    """Set what a call refers to; whether that changed."""
    gone = await tx.execute(
        "delete from call_references where tenant_id = :tenant and id = :id"
        " and not reference = any(cast(:these as text[])) returning id",
        {"tenant": tx.tenant, "id": call, "these": list(references)},
    )
    fresh = await tx.execute(
        "insert into call_references (tenant_id, id, reference) select :tenant, :id, s.reference"
        " from unnest(cast(:these as text[])) as s (reference) on conflict do nothing returning id",
        {"tenant": tx.tenant, "id": call, "these": sorted(set(references))},
    )
    return bool(gone.all()) | bool(fresh.all())


async def report(tx: Transaction, event: EndingReported) -> None:
    """Note when what a reference names ended; the newest report counts."""
    await tx.execute(
        "insert into endings (tenant_id, reference, ended_at, reported_at) values (:tenant, :reference, :at, :reported)"
        " on conflict (tenant_id, reference) do update set ended_at = excluded.ended_at,"
        " reported_at = excluded.reported_at where endings.reported_at <= excluded.reported_at",
        {
            "tenant": tx.tenant,
            "reference": event.reference,
            "at": event.ended_at,
            "reported": event.reported_at,
        },
    )


async def calls_referring(tx: Transaction, reference: str) -> list[UUID]:
    """Return the calls that refer to something."""
    rows = await tx.execute(
        "select id from call_references where tenant_id = :tenant and reference = :reference order by id",
        {"tenant": tx.tenant, "reference": reference},
    )
    return [row.id for row in rows]


async def ends_of(tx: Transaction, call: UUID) -> list[datetime | None]:
    """Return when each thing that a call refers to ended; None for one that goes on."""
    rows = await tx.execute(
        "select e.ended_at from call_references r left join endings e on e.tenant_id = r.tenant_id"
        " and e.reference = r.reference where r.tenant_id = :tenant and r.id = :id",
        {"tenant": tx.tenant, "id": call},
    )
    return [row.ended_at for row in rows]


async def waiting_clocks(tx: Transaction, call: UUID) -> list[Waiting]:
    """Return the running clocks of a call's recordings under purposes that count from the end of a reference."""
    rows = await tx.execute(
        "select c.* from holdings h join clocks c on c.tenant_id = h.tenant_id and c.id = h.id"
        " and c.expired_at is null where h.tenant_id = :tenant and h.call_id = :id and h.state in ('retained', 'due')"
        " and exists (select from purposes p where p.tenant_id = c.tenant_id and p.id = c.purpose_id"
        " and p.version >= c.version and p.from_reference) order by c.id, c.purpose_id",
        {"tenant": tx.tenant, "id": call},
    )
    return [Waiting(row.id, row.purpose_id, row.version, row.started_at, row.due_at) for row in rows]


async def shorten_waiting(tx: Transaction, purpose: UUID, retention: Retention, zone: ZoneInfo) -> None:
    """Bring forward every running clock of a purpose whose new version counts from the end of a reference (R11).

    In SQL, since a purpose may have millions: the same arithmetic as decisions.clocks.clock_due_at.
    """
    most = retention.at_most or retention.duration
    await tx.execute(
        "with ended as (select c.id, greatest(c.started_at, (select case when count(*) > 0"
        " and count(*) = count(e.ended_at) then max(e.ended_at) end from call_references r left join endings e"
        " on e.tenant_id = r.tenant_id and e.reference = r.reference"
        " where r.tenant_id = h.tenant_id and r.id = h.call_id)) as at,"
        " exists (select from call_references r where r.tenant_id = h.tenant_id and r.id = h.call_id) and not exists"
        " (select from call_references r where r.tenant_id = h.tenant_id and r.id = h.call_id and not exists (select"
        " from endings e where e.tenant_id = r.tenant_id and e.reference = r.reference)) as all_ended"
        " from clocks c join holdings h on h.tenant_id = c.tenant_id and h.id = c.id"
        " where c.tenant_id = :tenant and c.purpose_id = :purpose and c.expired_at is null),"
        " due as (select c.id, least(((c.started_at at time zone :zone) + make_interval(months => :most_months,"
        " days => :most_days)) at time zone :zone + make_interval(secs => :most_seconds),"
        " case when ended.all_ended then ((ended.at at time zone :zone) + make_interval(months => :months,"
        " days => :days)) at time zone :zone + make_interval(secs => :seconds) end) as at"
        " from clocks c join ended on ended.id = c.id where c.tenant_id = :tenant and c.purpose_id = :purpose),"
        " moved as (update clocks c set due_at = due.at from due where c.tenant_id = :tenant and c.id = due.id"
        " and c.purpose_id = :purpose and c.expired_at is null and due.at < c.due_at returning c.id, c.due_at),"
        " watched as (update holdings h set watched_until = greatest(h.watched_until, :watched) from moved"
        " where h.tenant_id = :tenant and h.id = moved.id)"
        " update schedule s set due_at = moved.due_at from moved"
        " where s.tenant_id = :tenant and s.id = moved.id and moved.due_at < s.due_at",
        {
            "tenant": tx.tenant,
            "purpose": purpose,
            "months": retention.duration.months,
            "days": retention.duration.days,
            "seconds": retention.duration.seconds,
            "most_months": most.months,
            "most_days": most.days,
            "most_seconds": most.seconds,
            "zone": zone.key,
            "watched": tx.now + MOVED_FOR,
        },
    )


async def bring_forward(tx: Transaction, clocks: Sequence[Waiting]) -> None:
    """Let clocks end at their (earlier) moments, and their recordings be looked at then."""
    columns = {
        "tenant": tx.tenant,
        "ids": [each.recording for each in clocks],
        "purposes": [each.purpose for each in clocks],
        "dues": [each.due_at for each in clocks],
    }
    given = (
        "unnest(cast(:ids as uuid[]), cast(:purposes as uuid[]), cast(:dues as timestamptz[])) as s (id, purpose, due)"
    )
    await tx.execute(
        f"with moved as (update clocks c set due_at = s.due from {given}"  # noqa: S608 - a constant
        " where c.tenant_id = :tenant and c.id = s.id and c.purpose_id = s.purpose and s.due < c.due_at"
        " returning c.id) update holdings h set watched_until = greatest(h.watched_until, :watched) from moved"
        " where h.tenant_id = :tenant and h.id = moved.id",
        columns | {"watched": tx.now + MOVED_FOR},
    )
    await tx.execute(
        f"update schedule set due_at = s.due from (select id, min(due) as due from {given} group by id) s"  # noqa: S608 - a constant
        " where tenant_id = :tenant and schedule.id = s.id and s.due < schedule.due_at",
        columns,
    )
