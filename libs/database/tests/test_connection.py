"""One transaction, one tenant: what the database itself refuses."""

import asyncio
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from recital_database import NO_TENANT, Database, DatabaseSettings, new_ids
from recital_errors import Unavailable
from sqlalchemy.exc import ProgrammingError

ALPHA, BETA = UUID(int=0xA), UUID(int=0xB)


async def names(database: Database, tenant: object, table: str = "things") -> list[str]:
    async with database.transaction(tenant) as tx:  # type: ignore[arg-type]
        return [row.name for row in await tx.execute(f"select name from {table} order by name")]


async def put(database: Database, tenant: object, name: str, table: str = "things") -> None:
    async with database.transaction(tenant) as tx:  # type: ignore[arg-type]
        await tx.execute(
            f"insert into {table} (tenant_id, name) values (:tenant, :name)", {"tenant": tx.tenant, "name": name}
        )


async def test_a_tenant_sees_its_own_rows_only(ingest: Database) -> None:
    await put(ingest, ALPHA, "alpha's")
    await put(ingest, BETA, "beta's")
    assert await names(ingest, ALPHA) == ["alpha's"]
    assert await names(ingest, BETA) == ["beta's"]
    assert await names(ingest, NO_TENANT) == []


async def test_a_row_cannot_be_written_for_another_tenant(ingest: Database) -> None:
    async with ingest.transaction(ALPHA) as tx:
        with pytest.raises(ProgrammingError, match="row-level security"):
            await tx.execute("insert into things (tenant_id, name) values (:other, 'evil')", {"other": BETA})
        await tx.connection.rollback()


async def test_pooled_connections_carry_no_tenant_over(ingest: Database) -> None:
    await put(ingest, ALPHA, "alpha's")
    await put(ingest, BETA, "beta's")

    async def mixed(index: int) -> bool:
        tenant, mine = ((ALPHA, "alpha's"), (BETA, "beta's"))[index % 2]
        if index % 7 == 0:
            with pytest.raises(RuntimeError):
                async with ingest.transaction(tenant):
                    raise RuntimeError
        return await names(ingest, tenant) == [mine]

    assert all(await asyncio.gather(*(mixed(index) for index in range(200))))


async def test_a_failure_leaves_nothing(ingest: Database) -> None:
    with pytest.raises(RuntimeError):
        async with ingest.transaction(ALPHA) as tx:
            await tx.execute("insert into things (tenant_id, name) values (:tenant, 'half')", {"tenant": ALPHA})
            raise RuntimeError
    assert await names(ingest, ALPHA) == []


async def test_the_worker_sees_work_of_all_tenants_and_nothing_else(ingest: Database) -> None:
    await put(ingest, ALPHA, "a", "work_things")
    await put(ingest, BETA, "b", "work_things")
    async with ingest.work() as tx:
        assert len((await tx.execute("select * from work_things")).all()) == 2
    async with ingest.work() as tx:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await tx.execute("select * from things")
        await tx.connection.rollback()


@pytest.mark.parametrize(
    "statement", ["update kept_things set name = 'x'", "delete from kept_things", "truncate kept_things"]
)
async def test_what_is_append_only_cannot_be_changed(ingest: Database, statement: str) -> None:
    async with ingest.transaction(ALPHA) as tx:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await tx.execute(statement)
        await tx.connection.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "alter table things no force row level security",
        "select recital_advance_clock('1 day')",
        "select * from ledger_entries_default",
    ],
)
async def test_the_application_role_owns_nothing(ingest: Database, statement: str) -> None:
    async with ingest.transaction(ALPHA) as tx:
        with pytest.raises(ProgrammingError, match=r"must be owner|permission denied"):
            await tx.execute(statement)
        await tx.connection.rollback()


async def test_ids_are_version_7_in_order_and_on_recitals_time(ingest: Database) -> None:
    async with ingest.transaction(ALPHA) as tx:
        ids = await new_ids(tx, 100)
        age = await tx.execute(
            "select abs(extract(epoch from recital_now() - uuid_extract_timestamp(:id)))", {"id": ids[0]}
        )
        assert age.scalar_one() < 5
    assert ids == sorted(set(ids))
    assert {each.version for each in ids} == {7}


async def test_a_commit_that_fails_is_unavailable(ingest: Database) -> None:
    """The server ends the connection before COMMIT: the caller must not believe that it happened."""
    with pytest.raises(Unavailable):
        async with ingest.transaction(ALPHA) as tx:
            await tx.execute("insert into things (tenant_id, name) values (:tenant, 'lost')", {"tenant": ALPHA})
            own = (await tx.execute("select pg_backend_pid()")).scalar_one()
            async with ingest.transaction(ALPHA) as other:
                await other.execute("select pg_terminate_backend(:pid)", {"pid": own})
    assert await names(ingest, ALPHA) == []


async def test_a_database_that_does_not_answer_is_unavailable(settings: DatabaseSettings, tmp_path: Path) -> None:
    gone = Database(replace(settings, host=str(tmp_path)))
    with pytest.raises(Unavailable):
        await gone.ping()
    await gone.close()


async def test_what_was_touched_is_told_after_the_commit_only(ingest: Database) -> None:
    woken: list[str] = []
    ingest.when("outbox", lambda: woken.append("outbox"))
    async with ingest.transaction(ALPHA) as tx:
        tx.touched.add("outbox")
        assert woken == []
    assert woken == ["outbox"]


async def test_one_holder_at_a_time_has_a_lock(ingest: Database) -> None:
    async with ingest.holding("relay") as first, ingest.holding("relay") as second:
        assert (first, second) == (True, False)
    async with ingest.holding("relay") as again:
        assert again
