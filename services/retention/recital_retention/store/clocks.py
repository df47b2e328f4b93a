"""The clocks of recordings: one per purpose, started, read, brought forward, ended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from recital_database import Transaction

from recital_retention.decisions.pace import MOVED_FOR
from recital_retention.model import CalendarDuration, Clock


async def shorten_clocks(tx: Transaction, purpose: UUID, duration: CalendarDuration, zone: ZoneInfo) -> None:
    """Bring forward every running clock of a purpose that a shorter retention ends sooner (R11).

    In SQL, since a purpose may have millions: the same arithmetic as decisions.clocks.due_at, held to it by a test.
    The holdings whose next clock moved are looked at when it ends.
    """
    await tx.execute(
        f"with moved as (update clocks set due_at = {DUE_AT} where tenant_id = :tenant and purpose_id = :purpose"  # noqa: S608 - a constant
        f" and expired_at is null and {DUE_AT} < due_at returning id, due_at),"
        " watched as (update holdings h set watched_until = greatest(h.watched_until, :watched) from moved"
        " where h.tenant_id = :tenant and h.id = moved.id)"
        " update schedule s set due_at = moved.due_at from moved"
        " where s.tenant_id = :tenant and s.id = moved.id and moved.due_at < s.due_at",
        {
            "tenant": tx.tenant,
            "purpose": purpose,
            "months": duration.months,
            "days": duration.days,
            "seconds": duration.seconds,
            "zone": zone.key,
            "watched": tx.now + MOVED_FOR,
        },
    )


DUE_AT = (
    "((started_at at time zone :zone) + make_interval(months => :months, days => :days))"
    " at time zone :zone + make_interval(secs => :seconds)"
)
"""The instant at which a duration from `started_at` is over, in the tenant's zone."""


@dataclass(frozen=True, slots=True)
class NewClock:
    """A clock to be started."""

    purpose: UUID
    key: str
    version: int
    started_at: datetime
    due_at: datetime


async def add_clocks(tx: Transaction, recording: UUID, clocks: Iterable[NewClock]) -> None:
    """Start a recording's clocks."""
    made = list(clocks)
    await tx.execute(
        "insert into clocks (tenant_id, id, purpose_id, key, version, started_at, due_at)"
        " select :tenant, :id, s.* from unnest(cast(:purposes as uuid[]), cast(:keys as text[]),"
        " cast(:versions as int[]), cast(:starts as timestamptz[]), cast(:dues as timestamptz[])) as s"
        " on conflict do nothing",
        {
            "tenant": tx.tenant,
            "id": recording,
            "purposes": [each.purpose for each in made],
            "keys": [each.key for each in made],
            "versions": [each.version for each in made],
            "starts": [each.started_at for each in made],
            "dues": [each.due_at for each in made],
        },
    )


async def clocks_of(tx: Transaction, recordings: Sequence[UUID]) -> Mapping[UUID, list[Clock]]:
    """Return the clocks of each recording that has any."""
    rows = await tx.execute(
        "select * from clocks where tenant_id = :tenant and id = any(cast(:ids as uuid[])) order by id, due_at, key",
        {"tenant": tx.tenant, "ids": list(recordings)},
    )
    found: dict[UUID, list[Clock]] = {}
    for row in rows:
        found.setdefault(row.id, []).append(_clock(row))
    return found


async def expire(tx: Transaction, clocks: Sequence[Clock]) -> None:
    """Note that these clocks have ended."""
    await tx.execute(
        "update clocks set expired_at = :now from unnest(cast(:ids as uuid[]), cast(:purposes as uuid[]))"
        " as s (id, purpose) where tenant_id = :tenant and clocks.id = s.id and purpose_id = s.purpose",
        {
            "tenant": tx.tenant,
            "now": tx.now,
            "ids": [each.recording for each in clocks],
            "purposes": [each.purpose for each in clocks],
        },
    )


async def end_but_duties(tx: Transaction, recordings: Sequence[UUID]) -> None:
    """Let running clocks end now, but those of purposes that rest on a legal obligation (AVG art. 17(3)(b)).

    The basis is that of the version told in the notice.
    """
    await tx.execute(
        "update clocks c set due_at = :now where tenant_id = :tenant and id = any(cast(:ids as uuid[]))"
        " and expired_at is null and due_at > :now and not exists (select from purposes p"
        " where p.tenant_id = c.tenant_id and p.id = c.purpose_id and p.version = c.version"
        " and p.basis = 'legal_obligation')",
        {"tenant": tx.tenant, "now": tx.now, "ids": list(recordings)},
    )


async def end_others(tx: Transaction, recording: UUID, keys: Sequence[str]) -> None:
    """Let the running clocks of a recording end now, but those of these purposes."""
    await tx.execute(
        "update clocks set due_at = :now where tenant_id = :tenant and id = :id and expired_at is null"
        " and due_at > :now and not key = any(cast(:keys as text[]))",
        {"tenant": tx.tenant, "now": tx.now, "id": recording, "keys": list(keys)},
    )


async def end_at_once(tx: Transaction, recordings: Sequence[UUID], keys: Sequence[str] | None = None) -> None:
    """Let running clocks end now (those of some purposes, or all): the next look at the schedule tells of it."""
    await tx.execute(
        "with moved as (update clocks set due_at = :now where tenant_id = :tenant and id = any(cast(:ids as uuid[]))"
        " and expired_at is null and due_at > :now and (cast(:keys as text[]) is null or key = any(:keys))"
        " returning id) update holdings h set watched_until = greatest(h.watched_until, :watched) from moved"
        " where h.tenant_id = :tenant and h.id = moved.id",
        {
            "tenant": tx.tenant,
            "now": tx.now,
            "ids": list(recordings),
            "keys": None if keys is None else list(keys),
            "watched": tx.now + MOVED_FOR,
        },
    )


def _clock(row: Any) -> Clock:
    return Clock(row.id, row.purpose_id, row.key, row.version, row.started_at, row.due_at, row.expired_at)
