"""Builds one service's corner of the database `keys`: a schema, an owner nobody can log in as, one login role.

Runs on an administrator's connection to that database; repeating it changes nothing but the password and adds the
partitions of years to come. It creates neither the database nor anything the services themselves could change.
"""

from datetime import UTC, datetime
from typing import Any

import asyncpg

__all__ = ["keys_user", "provision_keys"]

_YEARS_AHEAD = 10

_TABLES = """
create table if not exists tenant_keys (
    tenant_id uuid not null,
    id uuid not null,
    wrapped bytea not null,
    made_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id)
);
create table if not exists ended_tenants (
    tenant_id uuid not null primary key,
    ended_at timestamptz not null default now()
);
-- No foreign key to tenant_keys: a tenant's key is destroyed in one short statement, and what it wrapped is then noise.
create table if not exists data_keys (
    tenant_id uuid not null,
    id uuid not null,
    owner_id uuid not null,
    tenant_key_id uuid not null,
    wrapped bytea not null,
    made_at timestamptz not null default now(),
    primary key (tenant_id, id)
) partition by range (id);
-- While a tenant's key is being changed, `previous` still opens the keys of the generation before.
alter table tenant_keys add column if not exists previous bytea, add column if not exists generation integer default 1;
alter table data_keys add column if not exists generation integer default 1;
"""

_ISOLATION = """
alter table %1$I enable row level security;
alter table %1$I force row level security;
drop policy if exists tenant on %1$I;
create policy tenant on %1$I using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
grant select, insert on %1$I to %2$I;
"""

# Vacuum follows destruction closely: what a deleted row held must not lie about in its page.
_PARTITION = """
create table if not exists %1$I partition of data_keys %3$s
    with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100);
"""


def keys_user(service: str) -> str:
    """The login role of `service` in the database `keys`; its schema is called like the service."""
    return f"{service}_keys"


async def provision_keys(admin: "asyncpg.Connection[Any]", service: str, *, password: str) -> None:
    """Schema, tables, roles and grants for `service`; `admin` is connected to the database `keys` and may make roles.

    Idempotent. The login role may read, add, delete and wrap anew keys of the tenant that is set, and no more.
    """
    user, owner = keys_user(service), f"{service}_keys_owner"
    async with admin.transaction():
        await _make_role(admin, owner, "nologin")
        await _make_role(admin, user, "login")
        await _run(admin, "alter role %1$I password %2$L", user, password)
        database = await admin.fetchval("select current_database()")
        await _run(admin, "revoke all on database %1$I from public", database)
        await _run(admin, "revoke all on schema public from public")
        await _run(admin, "grant connect on database %1$I to %2$I", database, user)
        await _run(admin, "grant %1$I to current_user", owner)
        await _run(admin, "create schema if not exists %1$I authorization %2$I", service, owner)
        await _run(admin, "set local role %1$I", owner)
        await _run(admin, "set local search_path = %1$I", service)
        await _make_tables(admin, user)
        await _run(admin, "grant usage on schema %1$I to %2$I", service, user)


async def _make_role(admin: "asyncpg.Connection[Any]", role: str, login: str) -> None:
    if not await admin.fetchval("select exists (select from pg_roles where rolname = $1)", role):
        await _run(admin, "create role %1$I", role)
    await _run(admin, "alter role %1$I %2$s nosuperuser nocreatedb nocreaterole noinherit nobypassrls", role, login)


async def _make_tables(admin: "asyncpg.Connection[Any]", user: str) -> None:
    await admin.execute("set local client_min_messages = warning")
    await admin.execute(_TABLES)
    this_year = int(await admin.fetchval("select extract(year from now())"))
    for year in range(this_year, this_year + _YEARS_AHEAD):
        span = f"for values from ('{_first_id(year)}') to ('{_first_id(year + 1)}')"
        await _run(admin, _PARTITION, f"data_keys_{year}", user, span)
    await _run(admin, _PARTITION, "data_keys_rest", user, "default")
    for table in ("tenant_keys", "data_keys", "ended_tenants"):
        await _run(admin, _ISOLATION, table, user)
    await _run(admin, "grant delete on tenant_keys, data_keys to %1$I", user)
    await _run(admin, "grant update (wrapped, previous, generation) on tenant_keys to %1$I", user)
    await _run(admin, "grant update (wrapped, generation) on data_keys to %1$I", user)


def _first_id(year: int) -> str:
    """The least UUIDv7 of a year: 48 bits of Unix milliseconds, then nothing (RFC 9562, 5.7)."""
    milliseconds = int(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000)
    return f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-0000-0000-000000000000"


async def _run(admin: "asyncpg.Connection[Any]", template: str, *names: str) -> None:
    """The server quotes the names; a statement's text is never put together from them here."""
    await admin.execute(await admin.fetchval("select format($1, variadic $2::text[])", template, list(names)))
