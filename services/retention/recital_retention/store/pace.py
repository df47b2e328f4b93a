"""What moved lately and is counted, the runs it is counted in, and the parts of runs that wait for a second person."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from recital_database import Transaction, new_id

from recital_retention.decisions.pace import POLICY_YOUNG_FOR, Window

# A holding that moved, is due, and would go: it is looked at now and none of its clocks runs on.
_MOVED_DUE = (
    " from holdings h join schedule s on s.tenant_id = h.tenant_id and s.id = h.id and s.due_at <= :now"
    " where h.tenant_id = :tenant and h.watched_until > :now and h.waits_for is null and h.state in ('retained', 'due')"
    " and (h.ended_because is not null or not exists (select from clocks c where c.tenant_id = h.tenant_id"
    " and c.id = h.id and c.expired_at is null and c.due_at > :now))"
)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a tenant's destruction goes: its zone and window."""

    zone: ZoneInfo
    window: Window | None


@dataclass(frozen=True, slots=True)
class WaitingPart:
    """What waits for a second person: how many now, since when, and how far that is."""

    id: UUID
    found_at: datetime
    most: int
    waiting: int
    goes_at: datetime | None
    proposed_at: datetime | None
    proposed_by: str | None
    proposed_because: str | None
    approved_at: datetime | None
    approved_by: str | None
    approved_because: str | None
    closed_at: datetime | None


async def pace_of(tx: Transaction) -> Pace:
    """Return the tenant's zone and window."""
    row = (
        await tx.execute(
            "select time_zone, erasure_window from tenants where tenant_id = :tenant", {"tenant": tx.tenant}
        )
    ).one()
    found = json.loads(row.erasure_window) if isinstance(row.erasure_window, str) else row.erasure_window
    return Pace(ZoneInfo(row.time_zone), None if found is None else _window(found))


async def set_window(tx: Transaction, window: Any) -> None:
    """Set the tenant's window as it was announced; None for none."""
    told = None if window is None else json.dumps(window.model_dump(mode="json"))
    await tx.execute(
        "update tenants set erasure_window = cast(:window as jsonb) where tenant_id = :tenant",
        {"tenant": tx.tenant, "window": told},
    )


async def look_again(tx: Transaction) -> None:
    """Look now at what is over and was put off to a window."""
    await tx.execute(
        "update schedule s set due_at = :now from holdings h where s.tenant_id = :tenant and s.due_at > :now"
        " and h.tenant_id = s.tenant_id and h.id = s.id and h.waits_for is null and (h.due_at <= :now"
        " or (h.kind in ('recording', 'call', 'identity') and h.due_at is null and not exists (select from clocks c"
        " where c.tenant_id = h.tenant_id and c.id = h.id and c.expired_at is null)))",
        {"tenant": tx.tenant, "now": tx.now},
    )
    tx.touched.add("schedule")


async def watch(tx: Transaction, holdings: Collection[UUID], until: datetime) -> None:
    """Count holdings as moved until then."""
    if holdings:
        await tx.execute(
            "update holdings set watched_until = greatest(watched_until, :until)"
            " where tenant_id = :tenant and id = any(cast(:ids as uuid[]))",
            {"tenant": tx.tenant, "ids": list(holdings), "until": until},
        )


async def watch_young(tx: Transaction, recording: UUID) -> None:
    """Count a recording as moved while a purpose's version by which it may end is young."""
    await tx.execute(
        "update holdings h set watched_until = y.until from (select max(p.known_since) + :young as until from clocks c"
        " join purposes p on p.tenant_id = c.tenant_id and p.id = c.purpose_id and p.version >= c.version"
        " where c.tenant_id = :tenant and c.id = :id) y"
        " where h.tenant_id = :tenant and h.id = :id and y.until > :now",
        {"tenant": tx.tenant, "id": recording, "now": tx.now, "young": POLICY_YOUNG_FOR},
    )


async def begin_run(tx: Transaction, run: date) -> int:
    """Note that a run goes on, and return how many moved holdings went in it."""
    rows = await tx.execute(
        "insert into runs (tenant_id, id, began_at, looked_at) values (:tenant, :id, :now, :now)"
        " on conflict (tenant_id, id) do update set looked_at = greatest(runs.looked_at, excluded.looked_at)"
        " returning watched",
        {"tenant": tx.tenant, "id": run, "now": tx.now},
    )
    return int(rows.scalar_one())


async def count_run(tx: Transaction, run: date, *, ordered: int, moved: int) -> None:
    """Count what a run destroys."""
    await tx.execute(
        "update runs set ordered = ordered + :ordered, watched = watched + :moved"
        " where tenant_id = :tenant and id = :id",
        {"tenant": tx.tenant, "id": run, "ordered": ordered, "moved": moved},
    )


async def moved_and_due(tx: Transaction, most: int) -> int:
    """Return how many moved holdings are due and would go, counted to `most` at most."""
    rows = await tx.execute(
        f"select count(*) from (select 1 {_MOVED_DUE} limit :most) counted",  # noqa: S608 - a constant
        {"tenant": tx.tenant, "now": tx.now, "most": most},
    )
    return int(rows.scalar_one())


async def living(tx: Transaction) -> int:
    """Return how many holdings of the tenant live."""
    rows = await tx.execute(
        "select count(*) from holdings where tenant_id = :tenant and state in ('retained', 'due')",
        {"tenant": tx.tenant},
    )
    return int(rows.scalar_one())


async def let_wait(tx: Transaction, these: Sequence[UUID], most: int, further: int) -> UUID:
    """Let moved holdings wait for a second person: these, whose locks this transaction has, and further ones that are
    due. They come up again when they count as moved no more, or when they are approved. Return the part they are in.
    """
    rows = await tx.execute(
        "insert into waiting_parts (tenant_id, id, found_at, most) values (:tenant, :id, :now, :most)"
        " on conflict (tenant_id) where proposed_at is null and closed_at is null"
        " do update set most = excluded.most returning id",
        {"tenant": tx.tenant, "id": await new_id(tx), "now": tx.now, "most": most},
    )
    part = UUID(str(rows.scalar_one()))
    await tx.execute(
        f"with further as (select h.id {_MOVED_DUE} and not h.id = any(cast(:these as uuid[])) order by h.id"  # noqa: S608
        " limit :further for no key update of h skip locked),"
        " waiting as (update holdings h set waits_for = :part where h.tenant_id = :tenant"
        " and (h.id = any(cast(:these as uuid[])) or h.id in (select id from further)) returning id, watched_until)"
        " insert into schedule (tenant_id, id, due_at) select :tenant, id, watched_until from waiting order by id"
        " on conflict (tenant_id, id) do update set due_at = excluded.due_at",
        {"tenant": tx.tenant, "now": tx.now, "part": part, "these": list(these), "further": further},
    )
    return part


async def find_part(tx: Transaction, part: UUID, *, locked: bool = False) -> WaitingPart | None:
    """Return one waiting part; `locked` takes its row's lock."""
    if locked:
        await tx.execute(
            "select from waiting_parts where tenant_id = :tenant and id = :id for update",
            {"tenant": tx.tenant, "id": part},
        )
    found = await _parts(tx, "and w.id = :id", {"id": part})
    return found[0] if found else None


async def list_parts(tx: Transaction, *, after: UUID | None, most: int, closed: bool) -> list[WaitingPart]:
    """Return the parts that wait (or all), oldest first."""
    return await _parts(
        tx,
        "and (:closed or w.closed_at is null)"
        " and w.id > coalesce(cast(:after as uuid), '00000000-0000-0000-0000-000000000000') order by w.id limit :most",
        {"after": after, "most": most, "closed": closed},
    )


async def propose(tx: Transaction, part: UUID, *, by: str, because: str, salt: bytes) -> None:
    """Note who proposes to let a part go; it takes in nothing more from now on."""
    await tx.execute(
        "update waiting_parts set proposed_at = :now, proposed_by = :by, proposed_because = :because,"
        " proposed_salt = :salt where tenant_id = :tenant and id = :id",
        {"tenant": tx.tenant, "id": part, "now": tx.now, "by": by, "because": because, "salt": salt},
    )


async def waiting_in(tx: Transaction, part: UUID, *, after: UUID | None, most: int) -> list[tuple[UUID, str]]:
    """Return a page of what waits in a part: id and kind."""
    rows = await tx.execute(
        "select id, kind from holdings where tenant_id = :tenant and waits_for = :part"
        " and id > coalesce(cast(:after as uuid), '00000000-0000-0000-0000-000000000000') order by id limit :most",
        {"tenant": tx.tenant, "part": part, "after": after, "most": most},
    )
    return [(row.id, row.kind) for row in rows]


async def approve(tx: Transaction, part: UUID, *, by: str, because: str, salt: bytes) -> None:
    """Let a part go: exactly what waits in it is counted as moved no more, and looked at."""
    await tx.execute(
        "update waiting_parts set approved_at = :now, closed_at = :now, approved_by = :by,"
        " approved_because = :because, approved_salt = :salt where tenant_id = :tenant and id = :id",
        {"tenant": tx.tenant, "id": part, "now": tx.now, "by": by, "because": because, "salt": salt},
    )
    await tx.execute(
        "with gone as (update holdings set waits_for = null, watched_until = null where tenant_id = :tenant"
        " and waits_for = :id and state in ('retained', 'due') returning id)"
        " insert into schedule (tenant_id, id, due_at) select :tenant, id, :now from gone order by id"
        " on conflict (tenant_id, id) do update set due_at = excluded.due_at",
        {"tenant": tx.tenant, "id": part, "now": tx.now},
    )
    tx.touched.add("schedule")


async def close_empty_parts(tx: Transaction) -> None:
    """Close parts in which nothing waits any more: it counts as moved no more, or something else ended it."""
    await tx.execute(
        "update holdings set waits_for = null where tenant_id = :tenant and waits_for is not null"
        " and (watched_until <= :now or state not in ('retained', 'due'))",
        {"tenant": tx.tenant, "now": tx.now},
    )
    await tx.execute(
        "update waiting_parts w set closed_at = :now where tenant_id = :tenant and closed_at is null and not exists"
        " (select from holdings h where h.tenant_id = w.tenant_id and h.waits_for = w.id)",
        {"tenant": tx.tenant, "now": tx.now},
    )


async def _parts(tx: Transaction, which: str, values: dict[str, Any]) -> list[WaitingPart]:
    rows = await tx.execute(
        "select w.*, n.waiting, n.goes_at from waiting_parts w cross join lateral (select count(*) as waiting,"  # noqa: S608
        " min(watched_until) as goes_at from holdings h where h.tenant_id = w.tenant_id and h.waits_for = w.id) n"
        f" where w.tenant_id = :tenant {which}",
        {"tenant": tx.tenant, **values},
    )
    names = WaitingPart.__dataclass_fields__
    return [WaitingPart(**{name: getattr(row, name) for name in names}) for row in rows]


def _window(told: dict[str, Any]) -> Window:
    times = (time.fromisoformat(told[name]) for name in ("starts_at", "ends_at"))
    return Window(frozenset(told["weekdays"]), *times)
