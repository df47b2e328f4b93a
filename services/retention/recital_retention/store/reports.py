"""Counts for those who answer for the register: by purpose, by month, overdue, and how the erasing goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from recital_database import Transaction
from recital_events import HoldingKind

from recital_retention.store.standings import HELD, RESTRICTED, WITHHELD


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """One version of a purpose, how long it keeps, and what exists under it."""

    purpose: UUID
    key: str
    version: int
    basis: str
    retention: str
    in_force_from: datetime
    retired_at: datetime | None
    recordings: int
    next_due_at: datetime | None
    last_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Erased:
    """How many holdings of a kind were certified erased in a local month (its first day), on a ground."""

    month: date
    kind: HoldingKind
    ground: str
    holdings: int


@dataclass(frozen=True, slots=True)
class Overdue:
    """A holding that should have been ordered: since when, and nothing keeps it."""

    id: UUID
    kind: HoldingKind
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How the erasing goes: what was done in the run, what is left, what waits, and how fast it went lately."""

    run: date | None
    began_at: datetime | None
    ordered: int
    done: int
    due: int
    open_orders: int
    waiting: int
    lately: int


async def register_lines(tx: Transaction) -> list[RegisterLine]:
    """Return every version of every purpose with what exists under it; recordings keep the version they were told."""
    rows = await tx.execute(
        "select p.*, n.recordings, n.next_due_at, n.last_due_at from purposes p cross join lateral"
        " (select count(*) as recordings, min(c.due_at) as next_due_at, max(c.due_at) as last_due_at from clocks c"
        " where c.tenant_id = p.tenant_id and c.purpose_id = p.id and c.version = p.version and c.expired_at is null) n"
        " where p.tenant_id = :tenant order by p.key, p.version",
        {"tenant": tx.tenant},
    )
    names = [name for name in RegisterLine.__dataclass_fields__ if name != "purpose"]
    return [RegisterLine(purpose=row.id, **{name: getattr(row, name) for name in names}) for row in rows]


async def living_by_kind(tx: Transaction) -> dict[str, int]:
    """Return how many living holdings there are of each kind."""
    rows = await tx.execute(
        "select kind, count(*) as holdings from holdings where tenant_id = :tenant and state <> 'erased' group by kind",
        {"tenant": tx.tenant},
    )
    return {row.kind: row.holdings for row in rows}


async def erased_by_month(tx: Transaction, zone: ZoneInfo, *, first: datetime, until: datetime) -> list[Erased]:
    """Return what was certified in [first, until), by local month, kind and ground."""
    rows = await tx.execute(
        "select date_trunc('month', certified_at at time zone :zone)::date as month, kind, ground, count(*) as holdings"
        " from certificates where tenant_id = :tenant and id >= recital_id_at(:first) and id < recital_id_at(:until)"
        " group by 1, 2, 3 order by 1, 2, 3",
        {"tenant": tx.tenant, "zone": zone.key, "first": first, "until": until},
    )
    return [Erased(row.month, row.kind, row.ground, row.holdings) for row in rows]


async def overdue(tx: Transaction, before: datetime, *, after: UUID | None, most: int) -> list[Overdue]:
    """Return what ended before an instant, is not ordered, and that nothing keeps; in order of id."""
    rows = await tx.execute(
        "select h.id, h.kind, coalesce(k.ends, h.due_at, h.ended_at, h.registered_at) as due_at from holdings h"  # noqa: S608
        " cross join lateral (select max(c.due_at) as ends from clocks c where c.tenant_id = h.tenant_id"
        " and c.id = h.id) k where h.tenant_id = :tenant and h.state in ('retained', 'due') and h.waits_for is null"
        " and case h.kind when 'recording' then h.ended_because is not null or coalesce(k.ends <= :before, true)"
        # An identity goes with the last that needs it, also that of staff who left long ago.
        " when 'identity' then false else h.due_at <= :before end and h.registered_at <= :before"
        f" and not {HELD} and not (h.kind not in ('package', 'collection', 'bundle') and ({WITHHELD} or {RESTRICTED}))"
        " and h.id > coalesce(cast(:after as uuid), '00000000-0000-0000-0000-000000000000') order by h.id limit :most",
        {"tenant": tx.tenant, "before": before, "after": after, "most": most},
    )
    return [Overdue(row.id, row.kind, row.due_at) for row in rows]


async def progress(tx: Transaction, run: date, lately: timedelta) -> Progress:
    """Return how the erasing goes in a run."""
    row = (
        await tx.execute(
            "select r.id as run, r.began_at, coalesce(r.ordered, 0) as ordered,"
            " (select count(*) from certificates c where c.tenant_id = :tenant"
            " and c.id >= recital_id_at(coalesce(r.began_at, :now))) as done,"
            " (select count(*) from schedule s where s.tenant_id = :tenant and s.due_at <= :now) as due,"
            " (select count(*) from orders o where o.tenant_id = :tenant and o.state <> 'certified') as open_orders,"
            " (select count(*) from holdings h where h.tenant_id = :tenant and h.waits_for is not null) as waiting,"
            " (select count(*) from certificates c where c.tenant_id = :tenant"
            " and c.id >= recital_id_at(:since)) as lately"
            " from (select 1) one left join runs r on r.tenant_id = :tenant and r.id = :run",
            {"tenant": tx.tenant, "now": tx.now, "run": run, "since": tx.now - lately},
        )
    ).one()
    return Progress(**{name: getattr(row, name) for name in Progress.__dataclass_fields__})


async def progress_of_all(tx: Transaction) -> Sequence[Any]:
    """Return per tenant how many holdings are due and how many orders are open, since when (worker role)."""
    rows = await tx.execute(
        "select t.id as tenant, d.due, o.open_orders, o.oldest_at from tenants t cross join lateral"
        " (select count(*) as due from schedule s where s.tenant_id = t.id and s.due_at <= recital_now()) d"
        " cross join lateral (select count(*) as open_orders, min(ordered_at) as oldest_at from orders o"
        " where o.tenant_id = t.id and o.state <> 'certified') o order by 1"
    )
    return rows.all()
