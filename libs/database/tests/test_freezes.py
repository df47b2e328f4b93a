"""A jump of time holds destruction in every replica until a person has looked; who looked is kept."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from recital_database import (
    Database,
    DatabaseSettings,
    Going,
    frozen_for,
    open_freeze,
    release_all,
    release_tenant,
    who_goes_on,
)
from recital_errors import NotFound
from recital_testing import eventually
from recital_testing.servers import Postgres

ALPHA, BETA = UUID(int=0xA), UUID(int=0xB)
JUMPED = "time jumped ahead without an announcement"


async def frozen(database: Database, tenant: UUID) -> str | None:
    async with database.transaction(tenant) as tx:
        return await frozen_for(database, tx)


def jump(database: Database, by: timedelta) -> None:
    """The database's time goes on by this while next to none passes here."""
    assert database.clock._now is not None
    database.clock._now -= by


async def test_a_steady_clock_holds_nothing(ingest: Database) -> None:
    await ingest.tick()
    assert ingest.clock.frozen is None
    assert await frozen(ingest, ALPHA) is None
    with pytest.raises(NotFound, match="not_frozen"):
        async with ingest.work() as tx:
            await release_all(ingest, tx, by="operator", because="nothing")


async def test_a_jump_is_heeded_by_the_transaction_that_would_destroy_before_anyone_noticed(ingest: Database) -> None:
    jump(ingest, timedelta(minutes=6))
    assert await frozen(ingest, ALPHA) == JUMPED


async def test_what_one_replica_saw_holds_all_also_after_a_restart(
    ingest: Database, settings: DatabaseSettings
) -> None:
    jump(ingest, timedelta(minutes=6))
    await ingest.tick()
    await ingest.tick()
    assert ingest.clock.frozen == JUMPED
    restarted = await Database.open(
        DatabaseSettings(
            **{name: getattr(settings, name) for name in settings.__dataclass_fields__}
            | {"name": ingest._app.url.database}
        )
    )
    try:
        assert restarted.clock.frozen == JUMPED
        assert await frozen(restarted, BETA) == JUMPED
    finally:
        await restarted.close()


async def test_an_officer_ends_it_for_one_tenant_and_the_operator_for_all(ingest: Database) -> None:
    jump(ingest, timedelta(minutes=6))
    await ingest.tick()
    async with ingest.transaction(ALPHA) as tx:
        assert (await release_tenant(tx, by="officer", because="the clock was put right")).why == JUMPED
        assert await open_freeze(tx) is None
        with pytest.raises(NotFound, match="not_frozen"):
            await release_tenant(tx, by="officer", because="again")
    assert await frozen(ingest, ALPHA) is None
    assert await frozen(ingest, BETA) == JUMPED
    async with ingest.work() as tx:
        await release_all(ingest, tx, by="operator", because="checked")
    await ingest.tick()
    assert ingest.clock.frozen is None
    assert await frozen(ingest, BETA) is None
    async with ingest.work() as tx:
        [row] = (await tx.execute("select why, released_by, release_reason from clock_freezes")).all()
    assert tuple(row) == (JUMPED, "operator", "checked")


async def going(database: Database) -> Going:
    async with database.work() as tx:
        return await who_goes_on(database, tx)


async def test_loops_learn_for_whom_they_may_go_on_before_any_look_noticed_the_jump_and_after(ingest: Database) -> None:
    assert (await going(ingest)).only is None
    jump(ingest, timedelta(minutes=6))
    assert await going(ingest) == Going(JUMPED, ())
    await ingest.tick()
    assert await going(ingest) == Going(JUMPED, ())
    async with ingest.transaction(ALPHA) as tx:
        await release_tenant(tx, by="officer", because="the clock was put right")
    spared = await going(ingest)
    assert spared == Going(JUMPED, (ALPHA,))
    assert (ALPHA in spared, BETA in spared) == (True, False)


async def test_time_that_jumps_again_holds_those_again_who_were_released(ingest: Database) -> None:
    jump(ingest, timedelta(minutes=6))
    await ingest.tick()
    async with ingest.transaction(ALPHA) as tx:
        await release_tenant(tx, by="officer", because="the clock was put right")
    jump(ingest, timedelta(minutes=6))
    assert await frozen(ingest, ALPHA) == JUMPED
    await ingest.tick()
    await ingest.tick()
    assert await frozen(ingest, ALPHA) == JUMPED
    async with ingest.transaction(ALPHA) as tx:
        assert await open_freeze(tx) is not None


async def test_time_that_is_moved_while_a_look_waits_for_its_row_is_no_jump(
    postgres: Postgres, ingest: Database
) -> None:
    mover = await postgres.connect(str(ingest._app.url.database))
    try:
        await mover.execute("begin")
        await mover.execute("select recital_advance_clock('1 day')")
        looking = asyncio.create_task(ingest.tick())

        async def waiting() -> bool:
            return bool(await mover.fetchval("select exists (select from pg_locks where not granted)"))

        await eventually(waiting)
        await mover.execute("commit")
        await looking
    finally:
        await mover.close()
    assert ingest.clock.frozen is None
    assert await frozen(ingest, ALPHA) is None


async def test_a_step_below_the_high_water_mark_holds_until_the_operator_says_the_time_is_right(
    ingest: Database,
) -> None:
    async with ingest.work() as tx:
        await tx.execute("update recital_clock set high_water = recital_now() + interval '1 hour'")
    assert await frozen(ingest, ALPHA) == "time stepped back"
    await ingest.tick()
    assert ingest.clock.frozen == "time stepped back"
    async with ingest.work() as tx:
        await release_all(ingest, tx, by="operator", because="checked")
    await ingest.tick()
    assert ingest.clock.frozen is None
