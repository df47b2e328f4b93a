from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import UUID

import asyncpg
import pytest
from recital_testing.servers import Postgres
from recital_vault import KeyStore, KeyStoreSettings, keys_user, provision_keys

KeysOf = Callable[..., Awaitable[KeyStore]]
Admin: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
SERVICE, OTHER_SERVICE = "vaulttest", "vaultother"
TABLES = ["tenant_keys", "data_keys", "ended_tenants"]


async def connect(settings: KeyStoreSettings) -> Admin:
    return await asyncpg.connect(
        host=settings.host,
        port=settings.port,
        user=settings.user,
        password=settings.password_file.read_text(),
        database=settings.database,
    )


@pytest.mark.parametrize("table", TABLES)
async def test_a_service_can_neither_read_nor_write_another_services_schema(
    key_settings: dict[str, KeyStoreSettings], table: str
) -> None:
    # R24: the keys lie apart.
    connection = await connect(key_settings[SERVICE])
    for statement in (
        f"select * from {OTHER_SERVICE}.{table}",
        f"delete from {OTHER_SERVICE}.{table}",
        f"create table {OTHER_SERVICE}.mine ()",
        f"set role {OTHER_SERVICE}_keys_owner",
        f"set role {SERVICE}_keys_owner",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()


@pytest.mark.parametrize("table", TABLES)
async def test_a_service_can_change_no_key_row_and_no_table_of_its_own(
    key_settings: dict[str, KeyStoreSettings], table: str
) -> None:
    connection = await connect(key_settings[SERVICE])
    for statement in (
        f"update {SERVICE}.{table} set tenant_id = tenant_id",
        f"truncate {SERVICE}.{table}",
        f"alter table {SERVICE}.{table} disable row level security",
        f"create table {SERVICE}.mine ()",
        f"select * from {SERVICE}.data_keys_rest",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()


async def test_that_a_tenant_ended_cannot_be_taken_back(key_settings: dict[str, KeyStoreSettings]) -> None:
    connection = await connect(key_settings[SERVICE])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(f"delete from {SERVICE}.ended_tenants")
    await connection.close()


async def test_without_a_tenant_or_with_another_no_row_is_seen_or_added(
    keys: KeyStore, key_settings: dict[str, KeyStoreSettings], tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    await keys.new_key(tenant, make_id(), await keys.create_tenant_key(tenant))
    connection = await connect(key_settings[SERVICE])
    counting = f"select count(*) from {SERVICE}.data_keys where tenant_id = $1"
    assert await connection.fetchval(counting, tenant) == 0
    await connection.execute("select set_config('app.tenant', $1, false)", str(make_id()))
    assert await connection.fetchval(counting, tenant) == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(f"insert into {SERVICE}.ended_tenants (tenant_id) values ($1)", tenant)
    await connection.execute("select set_config('app.tenant', $1, false)", str(tenant))
    assert await connection.fetchval(counting, tenant) == 1
    await connection.close()


async def test_two_services_keys_are_apart_even_under_one_tenant_and_root_key(
    keys: KeyStore, keys_of: KeysOf, tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    other = await keys_of(OTHER_SERVICE)
    tenant_key = await keys.create_tenant_key(tenant)
    assert await other.create_tenant_key(tenant) != tenant_key
    made = await keys.new_key(tenant, make_id(), tenant_key)
    assert await other.several(tenant, [made.id]) == {}


async def test_every_table_has_forced_row_level_security_and_every_role_is_powerless(
    admin: Admin, key_settings: dict[str, KeyStoreSettings]
) -> None:
    assert key_settings
    tables = await admin.fetch(
        "select relname, relrowsecurity and relforcerowsecurity as forced from pg_class"
        " where relnamespace = $1::regnamespace and relkind in ('r', 'p') and not relispartition",
        SERVICE,
    )
    assert {row["relname"]: row["forced"] for row in tables} == dict.fromkeys(TABLES, True)
    roles = await admin.fetch(
        "select rolname, rolcanlogin, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication"
        " as mighty from pg_roles where rolname like $1",
        f"{SERVICE}%",
    )
    assert {row["rolname"]: row["rolcanlogin"] for row in roles} == {
        f"{SERVICE}_keys": True,
        f"{SERVICE}_keys_owner": False,
    }
    assert not any(row["mighty"] for row in roles)


async def test_provisioning_again_keeps_the_keys_and_changes_the_password(
    keys: KeyStore,
    admin: Admin,
    postgres: Postgres,
    key_settings: dict[str, KeyStoreSettings],
    tenant: UUID,
    make_id: Callable[[], UUID],
) -> None:
    made = await keys.new_key(tenant, make_id(), await keys.create_tenant_key(tenant))
    settings = key_settings[SERVICE]
    old = settings.password_file.read_text()
    await provision_keys(admin, SERVICE, password="another")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await postgres.connect_as(keys_user(SERVICE), old, settings.database)
    settings.password_file.write_text("another\n")
    assert not await keys.absent(tenant, [made.id])
