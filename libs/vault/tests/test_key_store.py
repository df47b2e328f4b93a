import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import asyncpg
import pytest
from recital_errors import NotFound, Unavailable
from recital_testing.servers import Postgres
from recital_vault import FileRootKey, KeyStore, KeyStoreSettings, SealBroken
from recital_vault.key_cache import LONGEST, KeyCache

KeysOf = Callable[..., Awaitable[KeyStore]]
Admin: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
SERVICE = "vaulttest"
SSL_REQUEST = bytes([0, 0, 0, 8, 4, 210, 22, 47])


def found_in(folder: Path, sought: dict[str, bytes]) -> set[str]:
    """Which of the byte strings lie somewhere in the files of a folder."""
    contents = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    return {name for name, string in sought.items() if any(string in content for content in contents)}


async def test_a_new_key_is_found_again_by_every_process(
    keys: KeyStore, keys_of: KeysOf, tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    made = await keys.new_key(tenant, make_id(), await keys.create_tenant_key(tenant))
    assert len(made.secret) == 32
    assert await (await keys_of()).key(tenant, made.id) == made.secret
    assert made.secret.hex() not in repr(made)


async def test_keys_made_together_differ_and_are_found_together(
    keys: KeyStore, keys_of: KeysOf, tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    made = await keys.new_keys(tenant, make_id(), await keys.create_tenant_key(tenant), count=3)
    assert len({key.secret for key in made}) == 3
    found = await (await keys_of()).several(tenant, [*(key.id for key in made), make_id()])
    assert found == {key.id: key.secret for key in made}


async def test_a_tenants_key_is_made_once_however_many_make_it_at_once(
    keys: KeyStore, keys_of: KeysOf, tenant: UUID
) -> None:
    stores = [keys, await keys_of(), await keys_of()]
    made = await asyncio.gather(*(store.create_tenant_key(tenant) for store in stores * 3))
    assert len(set(made)) == 1


async def test_a_recorded_tenant_key_that_is_missing_is_refused_and_not_made_anew(
    keys: KeyStore, tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    await keys.create_tenant_key(tenant)
    with pytest.raises(NotFound) as refusal:
        await keys.new_key(tenant, make_id(), make_id())
    assert refusal.value.code == "tenant_key_missing"


async def test_a_destroyed_key_is_gone_at_once_where_it_was_destroyed_and_within_a_minute_elsewhere(
    keys: KeyStore, keys_of: KeysOf, tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    seconds = [1000.0]
    elsewhere = await keys_of(monotonic=lambda: seconds[0])
    made = await keys.new_key(tenant, make_id(), await keys.create_tenant_key(tenant))
    assert await elsewhere.key(tenant, made.id) == made.secret
    assert not await keys.absent(tenant, [made.id])

    await keys.destroy(tenant, [made.id])

    assert await elsewhere.absent(tenant, [made.id])
    with pytest.raises(NotFound) as refusal:
        await keys.key(tenant, made.id)
    assert refusal.value.code == "key_destroyed"
    seconds[0] += 59.9
    assert await elsewhere.key(tenant, made.id) == made.secret
    seconds[0] += 0.1
    with pytest.raises(NotFound):
        await elsewhere.key(tenant, made.id)


async def test_destroying_twice_is_no_error_and_spares_every_other_key(
    keys: KeyStore, keys_of: KeysOf, tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    doomed, spared = await keys.new_keys(tenant, make_id(), await keys.create_tenant_key(tenant), count=2)
    await keys.destroy(tenant, [doomed.id])
    await keys.destroy(tenant, [doomed.id])
    assert await (await keys_of()).several(tenant, [doomed.id, spared.id]) == {spared.id: spared.secret}


async def test_an_erased_tenant_has_no_key_and_gets_none_again(
    keys: KeyStore, keys_of: KeysOf, tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    seconds = [0.0]
    elsewhere = await keys_of(monotonic=lambda: seconds[0])
    tenant_key = await keys.create_tenant_key(tenant)
    made = await keys.new_key(tenant, make_id(), tenant_key)
    await elsewhere.key(tenant, made.id)
    seconds[0] = LONGEST - 1
    other = await keys.new_key(tenant, make_id(), tenant_key)

    await keys.destroy_tenant_key(tenant)
    await keys.destroy_tenant_key(tenant)

    assert await keys.tenant_absent(tenant)
    for store, key in ((keys, made.id), (elsewhere, other.id)):
        with pytest.raises(NotFound):
            await store.key(tenant, key)
    with pytest.raises(NotFound) as refusal:
        await keys.create_tenant_key(tenant)
    assert refusal.value.code == "key_destroyed"
    with pytest.raises(NotFound):
        await elsewhere.new_key(tenant, make_id(), tenant_key)


async def test_a_data_key_under_a_destroyed_tenant_key_is_unreadable_though_its_row_is_there(
    keys: KeyStore, keys_of: KeysOf, admin: Admin, tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    made = await keys.new_key(tenant, make_id(), await keys.create_tenant_key(tenant))
    await admin.execute(f"delete from {SERVICE}.tenant_keys where tenant_id = $1", tenant)
    with pytest.raises(NotFound):
        await (await keys_of()).key(tenant, made.id)
    assert not await keys.tenant_absent(tenant)


@pytest.mark.parametrize("column", ["tenant_id", "owner_id", "id"])
async def test_a_key_row_moved_to_another_tenant_owner_or_id_does_not_open(
    keys: KeyStore, keys_of: KeysOf, admin: Admin, tenant: UUID, make_id: Callable[[], UUID], column: str
) -> None:
    made = await keys.new_key(tenant, make_id(), await keys.create_tenant_key(tenant))
    other = make_id()
    other_key = await keys.create_tenant_key(other)
    await admin.execute(f"update {SERVICE}.data_keys set {column} = $2 where id = $1", made.id, other)
    asked = {"tenant_id": (other, made.id), "owner_id": (tenant, made.id), "id": (tenant, other)}[column]
    if column == "tenant_id":
        await admin.execute(f"update {SERVICE}.data_keys set tenant_key_id = $2 where id = $1", made.id, other_key)
    with pytest.raises(SealBroken):
        await (await keys_of()).key(*asked)


async def test_another_tenants_key_is_like_one_that_was_never_there(
    keys: KeyStore, tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    made = await keys.new_key(tenant, make_id(), await keys.create_tenant_key(tenant))
    with pytest.raises(NotFound):
        await keys.key(make_id(), made.id)
    await keys.destroy(make_id(), [made.id])
    assert not await keys.absent(tenant, [made.id])


async def test_the_collector_finds_keys_by_age_and_page_by_page(
    keys: KeyStore, admin: Admin, tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    owner = make_id()
    made = await keys.new_keys(tenant, owner, await keys.create_tenant_key(tenant), count=3)
    assert await keys.listed(tenant, older_than=timedelta(hours=1)) == []
    await admin.execute(
        f"update {SERVICE}.data_keys set made_at = now() - interval '2 hours' where id = any($1)",
        [key.id for key in made[:2]],
    )
    old = sorted(key.id for key in made[:2])
    page = await keys.listed(tenant, older_than=timedelta(hours=1), limit=1)
    rest = await keys.listed(tenant, older_than=timedelta(hours=1), after=page[0].id)
    assert [key.id for key in page + rest] == old
    assert {key.owner for key in page + rest} == {owner}
    assert await keys.listed(make_id(), older_than=timedelta(0)) == []


async def test_a_root_key_that_is_away_refuses_and_loses_nothing(
    keys: KeyStore, keys_of: KeysOf, root_key_file: Path, tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    tenant_key = await keys.create_tenant_key(tenant)
    made = await keys.new_key(tenant, make_id(), tenant_key)
    started_later = await keys_of()
    away = await asyncio.to_thread(root_key_file.rename, root_key_file.with_suffix(".away"))
    for attempt in (
        started_later.ping(),
        started_later.key(tenant, made.id),
        started_later.new_key(tenant, make_id(), tenant_key),
        started_later.create_tenant_key(make_id()),
    ):
        with pytest.raises(Unavailable) as refusal:
            await attempt
        assert refusal.value.code == "root_key_unavailable"
    await asyncio.to_thread(away.rename, root_key_file)
    assert await started_later.key(tenant, made.id) == made.secret
    await started_later.ping()


async def test_another_root_key_opens_nothing(
    keys: KeyStore, keys_of: KeysOf, tmp_path: Path, tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    made = await keys.new_key(tenant, make_id(), await keys.create_tenant_key(tenant))
    other = tmp_path / "other.key"
    other.write_bytes(secrets.token_bytes(32))
    other.chmod(0o600)
    with pytest.raises(Unavailable) as refusal:
        await (await keys_of(root_key=other)).key(tenant, made.id)
    assert refusal.value.code == "root_key_differs"


@pytest.mark.parametrize("change", ["port", "password", "database"])
async def test_a_key_database_that_does_not_let_us_in_is_unavailable(
    key_settings: dict[str, KeyStoreSettings], root_key_file: Path, tmp_path: Path, tenant: UUID, change: str
) -> None:
    wrong = tmp_path / "wrong.password"
    wrong.write_text("wrong")
    right = key_settings[SERVICE]
    settings = {
        "port": replace(right, port=1),
        "password": replace(right, password_file=wrong),
        "database": replace(right, database="nowhere"),
    }[change]
    keys = await KeyStore.open(settings, FileRootKey(root_key_file))
    with pytest.raises(Unavailable) as refusal:
        await keys.create_tenant_key(tenant)
    assert refusal.value.code == "key_store_unavailable"
    keys.close()


async def test_where_its_certificate_must_be_trusted_a_server_without_one_is_told_nothing(
    key_settings: dict[str, KeyStoreSettings], root_key_file: Path, tenant: UUID
) -> None:
    told = bytearray()

    async def has_no_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.extend(await reader.read(8))
        writer.write(b"N")
        told.extend(await reader.read())
        writer.close()

    server = await asyncio.start_server(has_no_tls, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    settings = replace(key_settings[SERVICE], host="127.0.0.1", port=port, verify_tls=True)
    store = await KeyStore.open(settings, FileRootKey(root_key_file))
    with pytest.raises(Unavailable, match="key_store_unavailable"):
        await store.create_tenant_key(tenant)
    store.close()
    server.close()
    assert bytes(told) == SSL_REQUEST * 2  # tried once more


async def test_connections_that_were_cut_are_made_anew_without_an_error(
    keys: KeyStore, admin: Admin, tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    made = await keys.new_key(tenant, make_id(), await keys.create_tenant_key(tenant))
    await admin.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = $1", f"{SERVICE}_keys"
    )
    assert not await keys.absent(tenant, [made.id])


async def test_no_secret_lies_open_in_the_database_files(
    keys: KeyStore, admin: Admin, postgres: Postgres, root_key_file: Path, tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    # R24
    made = await keys.new_key(tenant, make_id(), await keys.create_tenant_key(tenant))
    await admin.execute("checkpoint")
    root_key = await asyncio.to_thread(root_key_file.read_bytes)
    sought = {"id": made.id.bytes, "data key": made.secret, "root key": root_key}
    assert await asyncio.to_thread(found_in, postgres.folder / "data", sought) == {"id"}


def test_the_cache_is_bounded_and_drops_what_was_used_longest_ago() -> None:
    cache = KeyCache(lambda: 0.0)
    tenant = UUID(int=1)
    for number in range(5_000):
        cache.put(tenant, UUID(int=number), bytes(32), asked_at=0.0)
        cache.get(tenant, UUID(int=0))
    held = [number for number in range(5_000) if cache.get(tenant, UUID(int=number))]
    assert len(held) == 4_096
    assert held[0] == 0
