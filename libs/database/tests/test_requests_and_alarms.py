"""Requests sent again, and alarms that stay until a person has looked."""

import asyncio
import hashlib
from uuid import UUID

import pytest
from recital_database import Database, acknowledge, alarm, alarms, claim, open_alarm_counts, remember
from recital_database.idempotency import forget_old_keys
from recital_errors import Conflict, NotFound

ALPHA, BETA = UUID(int=0xA), UUID(int=0xB)


RESULT = UUID(int=42)


async def send(database: Database, key: str | None, body: bytes, tenant: UUID = ALPHA) -> tuple[bool, UUID]:
    """One request as an action makes it: (made now, result)."""
    async with database.transaction(tenant) as tx:
        known = await claim(tx, key, route="/v1/things", fingerprint=body)
        if known:
            return False, known
        await remember(tx, key, result=RESULT)
        return True, RESULT


async def test_the_same_request_gives_the_same_thing(ingest: Database) -> None:
    assert await send(ingest, "k", b"body") == (True, RESULT)
    assert await send(ingest, "k", b"body") == (False, RESULT)
    assert await send(ingest, "k", b"body", BETA) == (True, RESULT)
    assert await send(ingest, None, b"body") == (True, RESULT)


async def test_a_key_cannot_stand_for_two_requests(ingest: Database) -> None:
    await send(ingest, "k", b"body")
    with pytest.raises(Conflict, match="idempotency_key_reused"):
        await send(ingest, "k", b"other")


async def test_two_at_once_make_one(ingest: Database) -> None:
    made = await asyncio.gather(*(send(ingest, "k", b"body") for _ in range(6)))
    assert sorted(first for first, _ in made) == [False] * 5 + [True]


async def test_a_failed_request_frees_its_key(ingest: Database) -> None:
    with pytest.raises(RuntimeError):
        async with ingest.transaction(ALPHA) as tx:
            await claim(tx, "k", route="/v1/things", fingerprint=b"x")
            raise RuntimeError
    assert await send(ingest, "k", b"body") == (True, RESULT)


async def test_a_key_is_forgotten_after_thirty_days_and_no_hash_of_the_request_alone_is_kept(ingest: Database) -> None:
    await send(ingest, "k", b"+31612345678")
    async with ingest.transaction(ALPHA) as tx:
        [row] = await tx.execute("select key_sha256, fingerprint from idempotency")
        plain = {hashlib.sha256(each).digest() for each in (b"+31612345678", b"/v1/things\0+31612345678")}
        assert bytes(row.fingerprint) not in plain
        await tx.execute("update idempotency set claimed_at = claimed_at - interval '29 days'")
    async with ingest.work() as tx:
        assert await forget_old_keys(tx, 10) == 0
    async with ingest.transaction(ALPHA) as tx:
        await tx.execute("update idempotency set claimed_at = claimed_at - interval '2 days'")
    async with ingest.work() as tx:
        assert await forget_old_keys(tx, 10) == 1


async def test_an_alarm_stands_once_until_acknowledged(ingest: Database) -> None:
    for _ in range(3):
        async with ingest.transaction(ALPHA) as tx:
            await alarm(tx, "holding.stuck", about=RESULT, detail="the store does not answer")
    async with ingest.work() as tx:
        assert await open_alarm_counts(tx) == {"holding.stuck": 1}
    async with ingest.transaction(ALPHA) as tx:
        [found] = await alarms(tx, after=None, most=10)
        done = await acknowledge(tx, found.id, "looked")
        again = await acknowledge(tx, found.id, "looked twice")
        assert (done.acknowledged_because, again.acknowledged_because) == ("looked", "looked")
        assert await alarms(tx, after=None, most=10) == []
        assert len(await alarms(tx, after=None, most=10, all_of_them=True)) == 1
    async with ingest.transaction(BETA) as tx:
        with pytest.raises(NotFound):
            await acknowledge(tx, found.id, "not mine")
