"""Migrations: the one alembic environment, and the words in which every service's migrations are written.

A service's own migrations hold its tables as plain SQL; what all services share (time, ids, outbox, inbox, ledgers,
alarms ...) is `foundation()`. Row-level security is never written by hand, only by `tenant_table()`.
"""

import asyncio
from pathlib import Path
from typing import Any

from alembic import command, op
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from recital_database.connection import DatabaseSettings

FOUNDATION = Path(__file__).with_name("foundation.sql")
# What migrations wait for a lock before they give way to the traffic they would block.
LOCK_TIMEOUT = "5s"


def foundation() -> None:
    """Create what every service's database has: call it once, first, in the first migration."""
    for statement in FOUNDATION.read_text().split("\n--;\n"):
        op.execute(text(statement.replace(":", "\\:")))
    for name in ("outbox", "inbox", "ledger_entries"):
        partitioned(name)
    for name in ("outbox", "inbox", "dead_letters", "alarms", "ledger_queue", "idempotency"):
        tenant_table(name, worker=True)
    for name in ("aggregate_versions", "inbox_positions"):
        tenant_table(name)
    for name in ("ledger_entries", "ledger_nodes", "ledger_checkpoints"):
        tenant_table(name, append_only=True)
    for role in (application_role(), worker_role()):
        op.execute(f"grant select on recital_clock, recital_epoch to {role}")
    op.execute(f"grant update (high_water) on recital_clock to {worker_role()}")
    op.execute(f"grant select, insert, update on settled to {worker_role()}")


def clock_freezes() -> None:
    """Create where a jump of time is kept until a person has looked (freezes.py): once, in a migration of its own."""
    op.execute(
        "create table clock_freezes (id uuid primary key default recital_id(), why text not null,"
        " found_at timestamptz not null default recital_now(),"
        " released_at timestamptz, released_by text, release_reason text)"
    )
    op.execute("create unique index clock_freezes_open on clock_freezes ((true)) where released_at is null")
    op.execute(f"grant select on clock_freezes to {application_role()}, {worker_role()}")
    op.execute(f"grant insert, update on clock_freezes to {worker_role()}")
    op.execute(
        "create table clock_releases (tenant_id uuid not null, id uuid not null, released_by text not null,"
        " reason text not null, released_at timestamptz not null default recital_now(), primary key (tenant_id, id))"
    )
    tenant_table("clock_releases", worker=True)


def control_position() -> None:
    """Create where it is kept how far the control ledger was applied (control.py): once, in a migration of its own."""
    op.execute(
        "create table control_position (only_row boolean primary key default true check (only_row),"
        " sequence bigint not null default 0)"
    )
    op.execute("insert into control_position default values")
    op.execute(f"grant select, update (sequence) on control_position to {application_role()}, {worker_role()}")


def restores() -> None:
    """Create where it is kept from which version an aggregate counts on after a restore: in a migration of its own.

    A restored service raises its epoch (outbox.py, `begin_epoch`); who hears it follows from there (inbox.py).
    """
    op.execute("alter table recital_epoch add column began_at timestamptz")
    op.execute(
        "alter table aggregate_versions add column epoch integer not null default 1,"
        " add column epoch_base bigint not null default 0"
    )
    op.execute("alter table outbox add column epoch_base bigint not null default 0")
    op.execute("alter table inbox add column epoch_base bigint not null default 0")
    op.execute(f"grant update (epoch, began_at) on recital_epoch to {worker_role()}")


def application_role() -> str:
    """Return the role that serves requests: bound to one tenant a transaction by row-level security."""
    return f"{_service()}_app"


def worker_role() -> str:
    """Return the role that only finds work: it sees the listed work tables of all tenants."""
    return f"{_service()}_worker"


def tenant_table(name: str, *, worker: bool = False, append_only: bool = False) -> None:
    """Force row-level security by tenant on a table and grant it to the application role.

    `append_only` grants no update or delete. `worker` also shows it to the worker role, for tables of ids and times
    from which work is taken. Grants are on the parent only: a partition read directly would bypass its policies.
    """
    mine = "tenant_id = nullif(current_setting('app.tenant', true), '')::uuid"
    rights = "select, insert" if append_only else "select, insert, update, delete"
    op.execute(f"alter table {name} enable row level security")
    op.execute(f"alter table {name} force row level security")
    op.execute(f"create policy tenant on {name} to {application_role()} using ({mine}) with check ({mine})")
    op.execute(f"grant {rights} on {name} to {application_role()}")
    if worker:
        op.execute(f"create policy work on {name} to {worker_role()} using (true) with check (true)")
        op.execute(f"grant select, update, delete on {name} to {worker_role()}")


def partitioned(name: str) -> None:
    """Give a table made with `partition by range (id)` its default partition and those of this and the next months."""
    op.execute(f"create table {name}_default partition of {name} default")
    op.execute(f"select recital_grow_partitions('{name}')")


def migrate(settings: DatabaseSettings, service: str, versions: Path) -> None:
    """Bring the service's database to the newest version, as its owner.

    Makes the coming months' partitions and drops those that are settled.

    Raises what alembic or the driver raise; everything runs in one transaction, so a failure leaves what was there.
    """
    asyncio.run(_migrate(settings, service, versions))


async def _migrate(settings: DatabaseSettings, service: str, versions: Path) -> None:
    engine = create_async_engine(settings.url("owner"), connect_args=settings.connect_args(), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT}'"))
            await connection.run_sync(_upgrade, service, versions)
            await connection.execute(
                text("select recital_grow_partitions(name) from unnest(recital_partitioned()) name")
            )
            await connection.execute(text("select recital_drop_settled()"))
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, service: str, versions: Path) -> None:
    config = Config()
    # alembic wants a folder of its own; the environment is this function, so the folder of versions serves.
    config.set_main_option("script_location", str(versions))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "os")
    config.attributes["service"] = service
    script = ScriptDirectory.from_config(config)

    def upgrade(revision: Any, _context: Any) -> Any:
        return script._upgrade_revs("head", revision)  # noqa: SLF001 - what alembic.command.upgrade itself calls

    with EnvironmentContext(config, script, fn=upgrade, destination_rev="head") as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        with environment.begin_transaction():
            environment.run_migrations()


def _service() -> str:
    config = op.get_context().config
    if config is None:
        raise RuntimeError("migrations run through recital_database.migrating.migrate")
    return str(config.attributes["service"])


__all__ = [
    "application_role",
    "clock_freezes",
    "command",
    "control_position",
    "foundation",
    "migrate",
    "partitioned",
    "tenant_table",
    "worker_role",
]
