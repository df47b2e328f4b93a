"""What a service has to tell: rows written with the state they announce, published later, kept until confirmed.

A row's version counts per (aggregate, id); the relay publishes in the order of ids, fairly over tenants. Rows stay
after publishing, so a wiped bus loses nothing: `replay` marks them unpublished again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_events import CATALOGUE, Envelope, Event, subject_of
from sqlalchemy import text

from recital_database.connection import Transaction
from recital_database.gathering import Gathered

# One index probe per tenant that has something, however long another tenant's queue is.
_UNPUBLISHED = text(
    """
    with recursive waiting (tenant_id) as (
        (select tenant_id from outbox where published_at is null order by tenant_id limit 1)
        union all
        select (select o.tenant_id from outbox o where o.published_at is null and o.tenant_id > waiting.tenant_id
                order by o.tenant_id limit 1)
        from waiting where waiting.tenant_id is not null)
    select o.* from (select tenant_id from waiting where tenant_id is not null) w
    cross join lateral (
        select row_number() over (order by id) as turn, outbox.* from outbox
        where tenant_id = w.tenant_id and published_at is null order by id limit :most) o
    order by o.turn, o.tenant_id limit :most
    """
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One event ready for the bus."""

    tenant: UUID
    id: UUID
    subject: str
    payload: bytes
    traceparent: str | None


async def announce(tx: Transaction, event: Event) -> None:
    """Write an event beside the state it tells of; it goes out after the commit.

    Raises ValueError where the catalogue does not name this service as a producer of the event.
    """
    await announce_all(tx, [event])


async def announce_all(tx: Transaction, events: Sequence[Event]) -> None:
    """Write many events in one round trip, in the order given; events of one aggregate get versions in that order.

    Raises as `announce`, and then writes none.
    """
    gathered = Gathered(tx)
    gathered.announce(events)
    await gathered.write()


async def unpublished(tx: Transaction, most: int) -> list[Outgoing]:
    """Return up to `most` events to publish, taking turns over tenants, each tenant's in order (worker role)."""
    rows = await tx.execute(_UNPUBLISHED, {"most": most})
    return [_outgoing(tx.service, row) for row in rows]


async def published(tx: Transaction, sent: Sequence[Outgoing]) -> None:
    """Mark events as accepted by the bus (worker role). Marking twice is harmless."""
    await tx.execute(
        "update outbox set published_at = recital_now()"
        " from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[])) as s (tenant, event)"
        " where outbox.tenant_id = s.tenant and outbox.id = s.event",
        {"tenants": [each.tenant for each in sent], "ids": [each.id for each in sent]},
    )


async def backlog(tx: Transaction) -> tuple[int, datetime | None]:
    """Return how many events wait for the bus and since when the oldest does (worker role)."""
    row = (
        await tx.execute(
            "select count(*) as waiting, min(occurred_at) as oldest from outbox where published_at is null"
        )
    ).one()
    return row.waiting, row.oldest


async def replay(tx: Transaction, since: datetime) -> int:
    """Send again all that happened since an instant (worker role); consumers know what they had. Returns how many."""
    rows = await tx.execute(
        "update outbox set published_at = null where id >= recital_id_at(:since) and published_at is not null",
        {"since": since},
    )
    tx.touched.add("outbox")
    return rows.rowcount


async def begin_epoch(tx: Transaction) -> int:
    """Say that this database was restored from a backup, and return its new epoch (worker role).

    What was told after the backup is forgotten here and known elsewhere. From now on each event names the version from
    which its aggregate counts on, so that whoever knows more follows, and says so (inbox.py).
    """
    row = await tx.execute("update recital_epoch set epoch = epoch + 1, began_at = recital_now() returning epoch")
    return int(row.scalar_one())


async def epoch_began_at(tx: Transaction) -> datetime | None:
    """Return when this database was last restored from a backup, None where it never was (worker role)."""
    began: datetime | None = (await tx.execute("select began_at from recital_epoch")).scalar_one()
    return began


async def sent_by_hour(tx: Transaction, since: datetime) -> dict[str, tuple[int, str]]:
    """Return count and hash of the events written, per name and hour (worker role): see `inbox.received_by_hour`."""
    rows = await tx.execute(
        "select name, to_char(date_trunc('hour', uuid_extract_timestamp(id)), 'YYYY-MM-DD\"T\"HH24\"Z\"') as hour,"
        " count(*) as events, bit_xor(hashtextextended(id::text, 0))::text as hash from outbox"
        " where id >= recital_id_at(date_trunc('hour', cast(:since as timestamptz))) group by 1, 2",
        {"since": since},
    )
    return {f"{row.name} {row.hour}": (row.events, row.hash) for row in rows}


async def confirmed_by(tx: Transaction, consumers: Collection[str]) -> dict[str, datetime]:
    """Return until when each consumer has confirmed what it was sent; the service's first event where it never did."""
    rows = await tx.execute(
        "select edge, coalesce((select until from settled where name = 'edge:' || edge),"
        " (select uuid_extract_timestamp(id) from outbox order by id limit 1), recital_now()) as until"
        " from unnest(cast(:edges as text[])) edge",
        {"edges": sorted(consumers)},
    )
    return {row.edge: row.until for row in rows}


async def confirm(tx: Transaction, until: Mapping[str, datetime]) -> None:
    """Note until when each consumer has confirmed, never earlier than before (worker role).

    `until` names every consumer of this service: what all have confirmed and the bus has accepted is settled.
    """
    await tx.execute(
        "insert into settled (name, until) select * from unnest(cast(:names as text[]), cast(:untils as timestamptz[]))"
        " on conflict (name) do update set until = greatest(settled.until, excluded.until)",
        {"names": [f"edge:{each}" for each in until], "untils": list(until.values())},
    )
    await tx.execute(
        "insert into settled (name, until) select 'outbox', least(min(until),"
        " (select min(uuid_extract_timestamp(id)) from outbox where published_at is null))"
        " from settled where name like 'edge:%' on conflict (name) do update set until = excluded.until"
    )


def _outgoing(service: str, row: Any) -> Outgoing:
    envelope = Envelope(
        id=row.id,
        source=f"recital/{service}",
        type=f"recital.{row.name}",
        subject=str(row.aggregate_id),
        time=row.occurred_at,
        dataschema=f"recital/{row.name}/v{row.schema_version}",
        tenant=row.tenant_id,
        version=row.version,
        epoch=row.epoch,
        epochbase=row.epoch_base,
        traceparent=row.traceparent,
        data=row.data,
    )
    return Outgoing(
        row.tenant_id, row.id, subject_of(service, CATALOGUE[row.name]), envelope.to_bytes(), row.traceparent
    )
