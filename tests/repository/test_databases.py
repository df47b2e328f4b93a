"""Every table of every service is behind row-level security, so that a new one cannot forget it."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from recital_database import DatabaseSettings

SERVICES = ("consent", "ingest", "retention", "dsar")
# Tables of one row about the database itself; they are no tenant's.
NOT_TENANTS = {"settled", "recital_clock", "recital_epoch", "clock_freezes", "alembic_version", "control_position"}
# What the worker role may see: ids and times from which work is taken, and no other table.
WORK: dict[str, set[str]] = {
    "consent": {"tenants", "erasures", "parts", "call_watch", "reaches", "rectifications_due"},
    "ingest": {"tenants", "uploads", "erasures", "collections", "read_backs", "rectifications"},
    "retention": {"tenants", "schedule", "orders", "part_queue", "control_queue", "runs"},
    "dsar": {"open_requests", "steps", "rectifications"},
}
FOUNDATION_WORK = {"outbox", "inbox", "dead_letters", "alarms", "ledger_queue", "idempotency", "clock_releases"}

FAULTS = {
    "a table without forced row-level security": """
        select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace
        and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> all($1)
        and not (c.relrowsecurity and c.relforcerowsecurity)""",
    "a table whose key does not begin with the tenant": """
        select c.relname || '.' || i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
        where c.relnamespace = 'public'::regnamespace and not c.relispartition and c.relname <> all($1)
        and (i.indisprimary or i.indisunique)
        and (select attname from pg_attribute a where a.attrelid = c.oid and a.attnum = i.indkey[0]) <> 'tenant_id'""",
    "a foreign key that does not begin with the tenant": """
        select conname from pg_constraint k join pg_class c on c.oid = k.conrelid
        where k.contype = 'f' and c.relnamespace = 'public'::regnamespace and not c.relispartition
        and c.relname <> all($1)
        and (select attname from pg_attribute a where a.attrelid = c.oid and a.attnum = k.conkey[1]) <> 'tenant_id'""",
    "a policy of the application role that is not by tenant": """
        select tablename || '.' || policyname from pg_policies where schemaname = 'public' and tablename <> all($1)
        and $2 = any(roles::text[]) and qual not like '%app.tenant%'""",
    "a right on a partition": """
        select c.relname from pg_class c join information_schema.role_table_grants g on g.table_name = c.relname
        where c.relispartition and g.grantee in ($2, $3) and c.relname <> all($1)""",
    "a right to truncate": """
        select table_name from information_schema.role_table_grants
        where privilege_type = 'TRUNCATE' and grantee in ($2, $3) and table_name <> all($1)""",
    "a view or a materialised view": """
        select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')
        and relname <> all($1)""",
    "a function that runs as its owner": """
        select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef and proname <> all($1)""",
    "a role that is more than it must be": """
        select rolname from pg_roles where rolname in ($2, $3) and rolname <> all($1)
        and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)""",
    "a table owned by a role that serves": """
        select tablename from pg_tables where schemaname = 'public' and tableowner in ($2, $3)
        and tablename <> all($1)""",
}


async def connected(settings: DatabaseSettings) -> "asyncpg.Connection[asyncpg.Record]":
    url = settings.url("owner")
    return await asyncpg.connect(
        host=settings.host, port=settings.port, user=url.username, password=url.password, database=settings.name
    )


@pytest.mark.parametrize("service", SERVICES)
async def test_no_table_is_outside_the_walls(
    service: str, database_settings_of: Callable[..., Awaitable[DatabaseSettings]]
) -> None:
    connection = await connected(await database_settings_of(service))
    try:
        found = {}
        for fault, query in FAULTS.items():
            parameters = [list(NOT_TENANTS), f"{service}_app", f"{service}_worker"]
            used = [value for index, value in enumerate(parameters, start=1) if f"${index}" in query]
            if rows := await connection.fetch(query, *used):
                found[fault] = [row[0] for row in rows]
        seen = await connection.fetch(
            "select distinct tablename from pg_policies where $1 = any(roles::text[])", f"{service}_worker"
        )
    finally:
        await connection.close()
    assert found == {}
    assert {row["tablename"] for row in seen} == FOUNDATION_WORK | WORK[service]
