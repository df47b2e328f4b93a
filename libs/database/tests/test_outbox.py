"""What goes out, in which order, and what a replay sends again."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from recital_database import Database, announce, announce_all, traceparent
from recital_database.outbox import backlog, published, replay, sent_by_hour, unpublished
from recital_events import ClockExpired, EndingReported, Envelope

ALPHA, BETA = UUID(int=0xA), UUID(int=0xB)
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def expired(recording: int = 1, key: str = "quality") -> ClockExpired:
    return ClockExpired(recording=UUID(int=recording), purpose=UUID(int=9), key=key, expired_at=AT)


async def tell(database: Database, tenant: UUID, *recordings: int) -> None:
    async with database.transaction(tenant) as tx:
        for recording in recordings:
            await announce(tx, expired(recording))


async def test_versions_count_per_aggregate_without_gaps(retention: Database) -> None:
    await tell(retention, ALPHA, 1, 2, 1)
    with pytest.raises(RuntimeError):
        async with retention.transaction(ALPHA) as tx:
            await announce(tx, expired(1))
            raise RuntimeError
    await tell(retention, ALPHA, 1)
    async with retention.work() as tx:
        sent = [Envelope.parse(each.payload) for each in await unpublished(tx, 10)]
    assert [(each.subject[-1], each.version) for each in sent] == [("1", 1), ("2", 1), ("1", 2), ("1", 3)]


async def test_many_events_at_once_are_told_as_one_by_one(retention: Database) -> None:
    await tell(retention, ALPHA, 1)
    async with retention.transaction(ALPHA) as tx:
        await announce_all(tx, [expired(2), expired(1, "a"), expired(1, "b"), expired(3)])
        await announce_all(tx, [])
        stranger = EndingReported(ending=UUID(int=5), reference="case-1", ended_at=AT, reported_at=AT)
        with pytest.raises(ValueError, match="ending"):
            await announce_all(tx, [expired(4), stranger])
    await tell(retention, ALPHA, 1)
    async with retention.work() as tx:
        sent = [Envelope.parse(each.payload) for each in await unpublished(tx, 10)]
    assert [(each.subject[-1], each.version, each.data["key"]) for each in sent] == [
        ("1", 1, "quality"),
        ("2", 1, "quality"),
        ("1", 2, "a"),
        ("1", 3, "b"),
        ("3", 1, "quality"),
        ("1", 4, "quality"),
    ]


async def test_an_event_is_a_cloud_event_with_its_trace(retention: Database) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    token = traceparent.set(trace)
    await tell(retention, ALPHA, 1)
    traceparent.reset(token)
    async with retention.work() as tx:
        [outgoing] = await unpublished(tx, 10)
    envelope = Envelope.parse(outgoing.payload)
    assert outgoing.subject == "recital.retention.clock.expired"
    assert (envelope.tenant, envelope.producer, envelope.traceparent) == (ALPHA, "retention", trace)
    assert envelope.event() == expired(1)
    assert envelope.event().expired_at == AT  # type: ignore[attr-defined]


async def test_tenants_take_turns(retention: Database) -> None:
    await tell(retention, ALPHA, *range(1, 51))
    await tell(retention, BETA, 1, 2)
    async with retention.work() as tx:
        first = await unpublished(tx, 4)
    assert [each.tenant for each in first] == [ALPHA, BETA, ALPHA, BETA]


async def test_what_was_published_is_not_sent_again_until_replayed(retention: Database) -> None:
    await tell(retention, ALPHA, 1, 2)
    async with retention.work() as tx:
        sent = await unpublished(tx, 10)
        assert (await backlog(tx))[0] == 2
        await published(tx, sent)
    async with retention.work() as tx:
        assert await unpublished(tx, 10) == []
        assert await backlog(tx) == (0, None)
        assert await replay(tx, AT.replace(year=2020)) == 2
    async with retention.work() as tx:
        assert await unpublished(tx, 10) == sent


async def test_a_service_publishes_under_its_own_name_only(ingest: Database) -> None:
    async with ingest.transaction(ALPHA) as tx:
        with pytest.raises(ValueError, match=r"ingest may not publish clock\.expired"):
            await announce(tx, expired())


async def test_what_was_sent_is_counted_per_name_and_hour(retention: Database) -> None:
    await tell(retention, ALPHA, 1, 2)
    async with retention.work() as tx:
        [(key, (events, _))] = (await sent_by_hour(tx, AT.replace(year=2020))).items()
    assert key.startswith("clock.expired 20")
    assert events == 2
