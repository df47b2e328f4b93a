"""A producer that was restored from a backup tells on, and whoever knows more than it follows and says so."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from recital_database import Database, Transaction, alarms, announce, announce_all
from recital_database.inbox import Handlers, Position, Standing, forgotten, go_on, held_back, receive, standing_of
from recital_database.outbox import Outgoing, begin_epoch, epoch_began_at, published, unpublished
from recital_events import ClockExpired, Envelope

VERSIONS = Path(__file__).with_name("versions")
TENANT = UUID(int=0xA)
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def expired(key: str, recording: int = 1) -> ClockExpired:
    return ClockExpired(recording=UUID(int=recording), purpose=UUID(int=9), key=key, expired_at=AT)


async def on_expired(tx: Transaction, event: ClockExpired) -> None:
    await tx.execute(
        "insert into things (tenant_id, name) values (:tenant, :key)", {"tenant": TENANT, "key": event.key}
    )


SOME = Envelope(
    id=UUID(int=3),
    source="recital/retention",
    type="recital.clock.expired",
    subject=str(UUID(int=1)),
    time=AT,
    dataschema="recital/clock.expired/v1",
    tenant=TENANT,
    version=1,
    data={},
)
HANDLERS: Handlers = {ClockExpired: on_expired}


async def told(producer: Database, *keys: str, recording: int = 1) -> list[Envelope]:
    """Tell events one by one, as the bus then has them."""
    async with producer.transaction(TENANT) as tx:
        for key in keys:
            await announce(tx, expired(key, recording))
    async with producer.work() as tx:
        sent = await unpublished(tx, 100)
        await published(tx, sent)
    return [Envelope.parse(each.payload) for each in sent]


async def take(consumer: Database, envelopes: Sequence[Envelope]) -> None:
    for envelope in envelopes:
        async with consumer.transaction(TENANT) as tx:
            await receive(tx, [envelope], HANDLERS)
    while True:
        async with consumer.transaction(TENANT) as tx:
            waiting = await held_back(tx)
            if not waiting or not any([await go_on(tx, each, HANDLERS) for each in waiting]):
                return


async def seen(consumer: Database) -> list[str]:
    async with consumer.transaction(TENANT) as tx:
        return [row.name for row in await tx.execute("select name from things order by id")]


async def raised(consumer: Database) -> list[tuple[str, str]]:
    async with consumer.transaction(TENANT) as tx:
        return [(each.kind, each.detail) for each in await alarms(tx, after=None, most=10)]


@pytest_asyncio.fixture(loop_scope="session")
async def restored(database_of: Callable[..., Awaitable[Database]]) -> Database:
    """retention as its backup has it: one event told."""
    database = await database_of("retention", versions=VERSIONS)
    await told(database, "a")
    return database


async def begin(producer: Database) -> None:
    async with producer.work() as tx:
        assert await epoch_began_at(tx) is None
        assert await begin_epoch(tx) == 2
        assert await epoch_began_at(tx) is not None


async def test_what_a_restored_producer_tells_takes_effect_and_what_it_forgot_is_alarmed(
    retention: Database, restored: Database, ingest: Database
) -> None:
    await take(ingest, await told(retention, "a", "b", "c"))
    await begin(restored)
    later = await told(restored, "d", "e")
    assert [(each.version, each.epoch, each.epochbase) for each in later] == [(2, 2, 1), (3, 2, 1)]
    await take(ingest, later)
    assert await seen(ingest) == ["a", "b", "c", "d", "e"]
    said = "retention was restored and forgot 2 events of this clock"
    assert await raised(ingest) == [("events_forgotten", said)]


async def test_the_new_epochs_events_keep_their_order(
    retention: Database, restored: Database, ingest: Database
) -> None:
    await take(ingest, await told(retention, "a", "b"))
    await begin(restored)
    first, second = await told(restored, "c", "d")
    await take(ingest, [second])
    assert await seen(ingest) == ["a", "b"]
    await take(ingest, [first])
    assert await seen(ingest) == ["a", "b", "c", "d"]


async def test_what_the_backup_still_had_to_tell_comes_first(restored: Database, ingest: Database) -> None:
    before = await told(restored, "b")
    async with restored.work() as tx:
        await begin_epoch(tx)
    after = await told(restored, "c")
    await take(ingest, [*after, *before])
    assert await seen(ingest) == []
    async with restored.work() as tx:
        await tx.execute("update outbox set published_at = null")
    await take(ingest, [Envelope.parse(each.payload) for each in await unpublished_of(restored)])
    assert await seen(ingest) == ["a", "b", "c"]
    assert await raised(ingest) == []


async def unpublished_of(producer: Database) -> list[Outgoing]:
    async with producer.work() as tx:
        return list(await unpublished(tx, 100))


async def test_many_told_at_once_count_on_alike(restored: Database) -> None:
    await begin(restored)
    async with restored.transaction(TENANT) as tx:
        await announce_all(tx, [expired("b"), expired("x", 2), expired("c")])
        await announce_all(tx, [expired("d")])
    async with restored.work() as tx:
        sent = [Envelope.parse(each.payload) for each in await unpublished(tx, 100)]
    ones = [(each.version, each.epochbase) for each in sent if each.subject == str(UUID(int=1))]
    others = [(each.version, each.epochbase) for each in sent if each.subject == str(UUID(int=2))]
    assert (ones, others) == ([(2, 1), (3, 1), (4, 1)], [(1, 0)])
    assert {each.epoch for each in sent} == {2}


@given(
    reached=st.integers(0, 5),
    base=st.integers(0, 5),
    ahead=st.integers(1, 5),
    epochs=st.tuples(*[st.integers(1, 3)] * 2),
)
def test_an_event_is_taken_only_when_all_its_producer_remembers_before_it_was(
    reached: int, base: int, ahead: int, epochs: tuple[int, int]
) -> None:
    here, there = epochs
    base = base if there > 1 else 0
    envelope = SOME.model_copy(update={"epoch": there, "epochbase": base, "version": base + ahead})
    position = Position(here, reached)
    standing = standing_of(position, envelope, known=False)
    if there < here:
        assert standing is Standing.CONTRADICTS
    elif there > here:
        assert (standing is Standing.NEXT) == (ahead == 1 and reached >= base)
        assert standing is not Standing.CONTRADICTS
        assert standing is Standing.AHEAD or forgotten(position, envelope) == reached - base
    else:
        assert (standing is Standing.NEXT) == (base + ahead == reached + 1)
        assert forgotten(position, envelope) == 0
