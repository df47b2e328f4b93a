"""What will be erased by a moment, and why: as things are, or under a policy that is only thought of.

Counted and listed from one statement. It follows the decisions (clocks, ends, erasing, identities), to which a test
holds it; what a policy would move, it moves nowhere but here.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from recital_database import Transaction
from recital_events import HoldingKind

from recital_retention.decisions.identities import NEEDS_NO_IDENTITY
from recital_retention.model import CalendarDuration
from recital_retention.store.clocks import DUE_AT
from recital_retention.store.ends import BASES
from recital_retention.store.standings import HELD, RESTRICTED, WITHHELD

_LIVES = "('retained', 'due')"
_NEEDS_NONE = ", ".join(f"'{each}'" for each in sorted(NEEDS_NO_IDENTITY))
# What follows from what is due: the records of calls without a recording left, identities that nothing needs any more.
_FOLLOWERS = f"""
    calls as (
        select h.id, h.kind, cast(null as timestamptz) as ends_at, h.call_id, 'follows_its_recordings' as because,
            array_remove(array[case when {HELD} then 'held' end, case when {WITHHELD} then 'request_open' end,
                case when {RESTRICTED} then 'restricted' end], null) as kept_by
        from holdings h where h.tenant_id = :tenant and h.kind = 'call' and h.state in {_LIVES}
            and h.ended_because is null and h.id in (select call_id from due where kind = 'recording'
                union select s.id from schedule s where s.tenant_id = :tenant and s.due_at <= :until)
            and exists (select from holdings r where r.tenant_id = h.tenant_id and r.call_id = h.id
                and r.kind = 'recording')
            and not exists (select from holdings r where r.tenant_id = h.tenant_id and r.call_id = h.id
                and r.kind = 'recording' and r.state in {_LIVES}
                and r.id not in (select id from due where kept_by = array[]::text[]))),
    going as (
        select id from due where kept_by = array[]::text[] union all
        select id from calls where kept_by = array[]::text[]),
    identities as (
        select h.id, h.kind, cast(null as timestamptz) as ends_at, cast(null as uuid) as call_id,
            'no_longer_needed' as because,
            array_remove(array[case when {HELD} then 'held' end, case when {WITHHELD} then 'request_open' end,
                case when {RESTRICTED} then 'restricted' end], null) as kept_by
        from holdings h where h.tenant_id = :tenant and h.kind = 'identity' and h.state in {_LIVES}
            and not (h.stands_alone and (h.due_at is null or h.due_at > :until))
            and h.id in (select subject_id from holding_subjects hs join going using (id) where hs.tenant_id = :tenant
                union select s.id from schedule s where s.tenant_id = :tenant and s.due_at <= :until)
            and not exists (select from holding_subjects hs join holdings u on u.tenant_id = hs.tenant_id
                and u.id = hs.id where hs.tenant_id = h.tenant_id and hs.subject_id = h.id
                and hs.kind not in ({_NEEDS_NONE}) and not (hs.kind = 'request' and u.ended_at is not null)
                and hs.id not in (select id from going))),
"""  # noqa: S608 - constants
_NOTHING = CalendarDuration(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Thought:
    """A policy that is thought of: how long a purpose keeps, or how long a kind of holding is kept; neither: none."""

    until: datetime
    zone: ZoneInfo
    purpose: UUID | None = None
    kind: HoldingKind | None = None
    duration: CalendarDuration = _NOTHING


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A holding that will be erased, or is only kept: why, when it ends, and what keeps it."""

    id: UUID
    kind: HoldingKind
    because: str
    ends_at: datetime | None
    kept_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many holdings of a kind end for a reason; `kept_by` is empty for those that will be erased."""

    kind: HoldingKind
    because: str
    kept_by: tuple[str, ...]
    holdings: int


@dataclass(frozen=True, slots=True)
class DueOn:
    """What ends on a local day: clocks under a purpose, and the holdings whose last one that is; or other holdings."""

    day: date
    kind: HoldingKind
    purpose: str | None
    clocks: int
    holdings: int


def _statement() -> str:
    """Return the common table expressions, ending in `foreseen (id, kind, because, ends_at, kept_by)`."""
    clock = DUE_AT.replace("started_at", "c.started_at")
    new = f"(case when c.purpose_id = :purpose then least(c.due_at, {clock}) else c.due_at end)"
    # How a default of the tenant would move the end of a kind.
    bases = " ".join(f"when h.kind = '{kind}' then {base}" for kind, base in BASES.items())
    moved_end = DUE_AT.replace("started_at", f"(case {bases} end)")
    end = f"(case when h.kind = :kind then least(h.due_at, {moved_end}) else h.due_at end)"
    return f"""
    with candidates as (
        select id from schedule where tenant_id = :tenant and due_at <= :until
        union select c.id from clocks c where c.tenant_id = :tenant and c.purpose_id = :purpose
            and c.expired_at is null and {clock} <= :until
        union select h.id from holdings h where h.tenant_id = :tenant and h.kind = :kind and h.state in {_LIVES}
            and {end} <= :until
        union select h.id from holdings h where h.tenant_id = :tenant and h.state = 'due'),
    ending as (
        select h.id, h.kind, h.call_id, h.ended_because, h.waits_for, k.running, k.moved or {end} < h.due_at as moved,
            case when h.ended_because is not null then :now when h.kind = 'recording' then coalesce(k.ends, :now)
                else {end} end as ends_at,
            array_remove(array[case when {HELD} then 'held' end,
                case when h.kind not in ('package', 'collection', 'bundle') and {WITHHELD} then 'request_open' end,
                case when h.kind not in ('package', 'collection', 'bundle') and {RESTRICTED} then 'restricted' end,
                case when h.waits_for is not null then 'second_person' end], null) as kept_by
        from holdings h join candidates using (id)
        cross join lateral (select max({new}) as ends, count(*) as running,
            coalesce(bool_or({new} < c.due_at), false) as moved
            from clocks c where c.tenant_id = h.tenant_id and c.id = h.id and c.expired_at is null) k
        where h.tenant_id = :tenant and h.state in {_LIVES} and h.kind <> 'identity'
            and not (h.kind = 'call' and h.ended_because is null and exists (select from holdings r
                where r.tenant_id = h.tenant_id and r.call_id = h.id and r.kind = 'recording'))),
    due as (
        select id, kind, ends_at, kept_by, call_id, coalesce(ended_because, case when moved then 'retention_shortened'
            else 'retention_ended' end) as because from ending where ends_at <= :until),
    {_FOLLOWERS}
    foreseen as (
        select id, kind, because, ends_at, kept_by from due union all
        select id, kind, because, ends_at, kept_by from calls union all
        select id, kind, because, ends_at, kept_by from identities)
    """  # noqa: S608 - constants


_FORESEEN = _statement()


async def count(tx: Transaction, thought: Thought) -> list[Counted]:
    """Return how many holdings end by the moment, by kind, reason, and what keeps them."""
    rows = await tx.execute(
        f"{_FORESEEN} select kind, because, kept_by, count(*) as holdings from foreseen"  # noqa: S608 - a constant
        " group by kind, because, kept_by order by kind, because, kept_by",
        _values(tx, thought),
    )
    return [Counted(row.kind, row.because, tuple(row.kept_by), row.holdings) for row in rows]


async def page(tx: Transaction, thought: Thought, *, after: UUID | None, most: int) -> list[Foreseen]:
    """Return a page of the holdings that will be erased by the moment, in order of id."""
    rows = await tx.execute(
        f"{_FORESEEN} select * from foreseen where kept_by = array[]::text[]"  # noqa: S608 - a constant
        " and id > coalesce(cast(:after as uuid), '00000000-0000-0000-0000-000000000000') order by id limit :most",
        _values(tx, thought) | {"after": after, "most": most},
    )
    return [Foreseen(row.id, row.kind, row.because, row.ends_at, tuple(row.kept_by)) for row in rows]


async def clocks_moved(tx: Transaction, thought: Thought) -> int:
    """Return how many running clocks the thought policy would bring forward."""
    rows = await tx.execute(
        "select count(*) from clocks where tenant_id = :tenant and purpose_id = :purpose and expired_at is null"  # noqa: S608 - a constant
        f" and {DUE_AT} < due_at",
        _values(tx, thought),
    )
    return int(rows.scalar_one())


async def due_by_day(tx: Transaction, zone: ZoneInfo, *, first: datetime, until: datetime) -> list[DueOn]:
    """Return what ends on each local day in [first, until): what is overdue by then lies before `first`."""
    rows = await tx.execute(
        "select (c.due_at at time zone :zone)::date as day, 'recording' as kind, c.key as purpose,"  # noqa: S608
        " count(*) as clocks, count(*) filter (where not exists (select from clocks o where o.tenant_id = c.tenant_id"
        " and o.id = c.id and o.expired_at is null and (o.due_at, o.purpose_id) > (c.due_at, c.purpose_id)))"
        " as holdings from clocks c where c.tenant_id = :tenant and c.expired_at is null"
        " and c.due_at >= :first and c.due_at < :until group by 1, 2, 3"
        " union all select (h.due_at at time zone :zone)::date, h.kind, null, 0, count(*) from holdings h"
        f" where h.tenant_id = :tenant and h.state in {_LIVES} and h.kind not in ('recording', 'identity')"
        " and h.due_at >= :first and h.due_at < :until group by 1, 2"
        " union all select (l.ends at time zone :zone)::date, 'call', null, 0, count(*) from"
        " (select h.call_id, max(c.due_at) as ends from holdings h join clocks c on c.tenant_id = h.tenant_id"
        " and c.id = h.id and c.expired_at is null where h.tenant_id = :tenant and h.kind = 'recording'"
        f" and h.state in {_LIVES} group by h.call_id) l where l.ends >= :first and l.ends < :until group by 1"
        " order by day, kind, purpose",
        {"tenant": tx.tenant, "zone": zone.key, "first": first, "until": until},
    )
    return [DueOn(row.day, row.kind, row.purpose, row.clocks, row.holdings) for row in rows]


def _values(tx: Transaction, thought: Thought) -> dict[str, Any]:
    return {
        "tenant": tx.tenant,
        "now": tx.now,
        "until": thought.until,
        "zone": thought.zone.key,
        "purpose": thought.purpose,
        "kind": thought.kind,
        "months": thought.duration.months,
        "days": thought.duration.days,
        "seconds": thought.duration.seconds,
    }
