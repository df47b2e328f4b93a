"""Partitions are made while the services write."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
from recital_database import Database, DatabaseSettings
from recital_database.inbox import settle
from recital_database.outbox import confirm, confirmed_by
from recital_testing import eventually
from recital_testing.servers import Postgres

INSERT = """
    insert into outbox (tenant_id, name, schema_version, aggregate, aggregate_id, version, epoch, data)
    values (recital_id(), 'a.b', 1, 'a', recital_id(), 1, 1, '{}')
"""
VERSIONS = Path(__file__).with_name("versions")
RECEIVE = """
    insert into inbox (tenant_id, id, producer, name, aggregate, aggregate_id, version, epoch, state, envelope)
    values (recital_id(), recital_id(), 'consent', 'a.b', 'a', recital_id(), 1, 1, 'parked', '')
"""
GROW = "select recital_grow_partitions('outbox')"
WAITING = "select exists (select from pg_locks where not granted and relation = 'outbox'::regclass)"
NAMES = "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = $1::regclass"
PLACES = "select distinct tableoid::regclass::text from outbox order by 1"


async def partitions(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    return int(await connection.fetchval("select count(*) from pg_inherits where inhparent = 'outbox'::regclass"))


async def test_a_row_that_is_being_written_into_a_month_without_a_partition_stays_where_it_is_and_harms_nothing(
    postgres: Postgres, database_settings_of: Callable[..., Awaitable[DatabaseSettings]]
) -> None:
    copy = await database_settings_of("consent", versions=VERSIONS)
    service, looking = [await postgres.connect(copy.name) for _ in range(2)]
    # As the service's owner, who like anybody sees no row of a tenant: the refusal must come from the table itself.
    assert copy.owner_password_file is not None
    owner = await postgres.connect_as("consent_owner", copy.owner_password_file.read_text().strip(), copy.name)
    try:
        before = await partitions(looking)
        await owner.execute("select recital_advance_clock(interval '6 months')")
        writing = service.transaction()
        await writing.start()
        await service.execute(INSERT)

        growing = asyncio.create_task(owner.execute(GROW))

        async def waits() -> bool:
            return bool(await looking.fetchval(WAITING))

        await eventually(waits)
        await writing.commit()
        await growing

        assert [row[0] for row in await looking.fetch(PLACES)] == ["outbox_default"]
        assert await partitions(looking) == before + 2  # the two months after that of the row
    finally:
        for each in (owner, service, looking):
            await each.close()


async def test_partitions_are_made_for_a_time_that_is_still_to_come(
    postgres: Postgres, database_settings_of: Callable[..., Awaitable[DatabaseSettings]]
) -> None:
    copy = await database_settings_of("consent", versions=VERSIONS)
    connection = await postgres.connect(copy.name)
    try:
        await connection.execute("select recital_grow_partitions('outbox', interval '6 months')")
        await connection.execute("select recital_advance_clock(interval '6 months')")
        await connection.execute(INSERT)
        assert [row[0] for row in await connection.fetch(PLACES)] != ["outbox_default"]
    finally:
        await connection.close()


async def names(connection: "asyncpg.Connection[asyncpg.Record]", table: str) -> set[str]:
    return {row[0] for row in await connection.fetch(NAMES, table)}


async def test_what_every_consumer_confirmed_is_dropped_by_the_month_once_it_is_old(
    postgres: Postgres, database_settings_of: Callable[..., Awaitable[DatabaseSettings]]
) -> None:
    copy = await database_settings_of("consent", versions=VERSIONS)
    database, looking = await Database.open(copy), await postgres.connect(copy.name)
    assert copy.owner_password_file is not None
    owner = await postgres.connect_as("consent_owner", copy.owner_password_file.read_text().strip(), copy.name)
    try:
        await looking.execute(INSERT)
        first = sorted(await names(looking, "outbox") - {"outbox_default"})[0]
        await looking.execute("select recital_advance_clock(interval '4 months')")

        async def confirm_all() -> None:
            async with database.work() as tx:
                known = await confirmed_by(tx, ["ingest", "retention"])
                assert set(known) == {"ingest", "retention"}
                await confirm(tx, dict.fromkeys(known, tx.now))

        async with database.work() as tx:
            known = await confirmed_by(tx, ["ingest", "retention"])
            await confirm(tx, known | {"ingest": tx.now})
        assert await owner.fetchval("select recital_drop_settled()") == []  # retention has not confirmed
        await confirm_all()
        assert await owner.fetchval("select recital_drop_settled()") == []  # the bus has not accepted it
        await looking.execute("update outbox set published_at = recital_now()")
        await confirm_all()
        assert first in await owner.fetchval("select recital_drop_settled()")
        assert first not in await names(looking, "outbox")
        assert "outbox_default" in await names(looking, "outbox")
    finally:
        await database.close()
        for each in (owner, looking):
            await each.close()


async def test_an_inbox_keeps_what_is_still_open_however_old_it_is(
    postgres: Postgres, database_settings_of: Callable[..., Awaitable[DatabaseSettings]]
) -> None:
    copy = await database_settings_of("consent", versions=VERSIONS)
    database, looking = await Database.open(copy), await postgres.connect(copy.name)
    try:
        await looking.execute(RECEIVE)
        await looking.execute("select recital_advance_clock(interval '4 months')")
        async with database.work() as tx:
            await settle(tx)
        assert await looking.fetchval("select recital_drop_settled()") == []
        await looking.execute("update inbox set state = 'done', envelope = null")
        async with database.work() as tx:
            await settle(tx)
        assert len(await looking.fetchval("select recital_drop_settled()")) >= 1
    finally:
        await database.close()
        await looking.close()
