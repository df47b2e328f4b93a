"""Data keys in the database `keys`: each wrapped by its tenant's key, that one by the root key.

Deleting a row is the crypto-shred. A tenant's key is made once per service; a missing or destroyed one is refused,
never made anew. Key ids and ages follow this database's own clock; nothing legal hangs on them.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from recital_errors import NotFound

from recital_vault.key_cache import KeyCache
from recital_vault.key_database import Connection, KeyDatabase
from recital_vault.key_rotation import KeyRotation, data_context, plain, tenant_context
from recital_vault.root_key import RootKey
from recital_vault.settings import KeyStoreSettings
from recital_vault.small import KEY_SIZE, open_small, seal_small

__all__ = ["DataKey", "KeyStore", "ListedKey"]

_BATCH = 10_000
# How often a tenant's key may change while keys are being made under it.
_CHANGES = 3


@dataclass(frozen=True, slots=True)
class DataKey:
    """A key and its 32 secret bytes; the id is what rows keep."""

    id: UUID
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key without its secret, for the collector of keys that no row names."""

    id: UUID
    owner: UUID
    made_at: datetime


class KeyStore:
    """One service's keys. Every method raises Unavailable while the database or the root key is down."""

    @classmethod
    async def open(
        cls,
        settings: KeyStoreSettings,
        root_key: RootKey,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> "KeyStore":
        """Connects at first use, so that services start in any order."""
        return cls(await KeyDatabase.open(settings), root_key, KeyCache(monotonic))

    def __init__(self, database: KeyDatabase, root_key: RootKey, cache: KeyCache) -> None:
        """Use `open`."""
        self._database = database
        self._root_key = root_key
        self._cache = cache
        self.rotation = KeyRotation(database, root_key)
        """Wraps keys anew; what they sealed is not touched."""

    def close(self) -> None:
        """Drops the connections and forgets every key."""
        self._database.close()
        self._cache.clear()

    async def ping(self) -> None:
        """Raises Unavailable unless the schema answers and the root key can be read."""
        await self._root_key.ping()
        await self._database.run(UUID(int=0), lambda connection: connection.execute("select from tenant_keys limit 1"))

    async def create_tenant_key(self, tenant: UUID) -> UUID:
        """The id of the tenant's key in this service, made now or before; the caller records it in the tenant's row.

        Only for a tenant whose row records none yet. Raises NotFound `key_destroyed` for a tenant that was erased.
        """
        candidate = await self._database.run(tenant, lambda connection: connection.fetchval("select uuidv7()"))
        key_id, secret = plain(candidate), secrets.token_bytes(KEY_SIZE)
        wrapped = await self._root_key.wrap(secret, tenant_context(tenant, key_id))

        async def record(connection: Connection) -> UUID | None:
            await _lock(connection, tenant)
            if await connection.fetchval("select exists (select from ended_tenants where tenant_id = $1)", tenant):
                return None
            await connection.execute(
                "insert into tenant_keys (tenant_id, id, wrapped) values ($1, $2, $3)"
                " on conflict (tenant_id) do nothing",
                tenant,
                key_id,
                wrapped,
            )
            return plain(await connection.fetchval("select id from tenant_keys where tenant_id = $1", tenant))

        recorded = await self._database.run(tenant, record)
        if recorded is None:
            raise NotFound("key_destroyed", "This tenant was erased; its key is not made again.")
        return recorded

    async def new_key(self, tenant: UUID, owner: UUID, tenant_key: UUID) -> DataKey:
        """One new key: see `new_keys`."""
        return (await self.new_keys(tenant, owner, tenant_key, count=1))[0]

    async def new_keys(self, tenant: UUID, owner: UUID, tenant_key: UUID, *, count: int) -> list[DataKey]:
        """Keys for `owner` (a recording, subject, package ...), committed on return: before the row that names them.

        `tenant_key` is the id the tenant's row records. Raises NotFound `tenant_key_missing` when that key is not
        there; an answer that got lost leaves keys that no row names, for the collector.
        """
        for _ in range(_CHANGES):
            secret = await self._tenant_secret(tenant, tenant_key)
            asked_at = self._cache.now()
            keys = await self._database.run(tenant, partial(_add, tenant, owner, tenant_key, secret, count))
            if keys is not None:
                for key in keys:
                    self._cache.put(tenant, key.id, key.secret, asked_at=asked_at)
                return keys
        # The tenant's key was destroyed since it was read, or changes without end: then nothing is added.
        raise NotFound("tenant_key_missing", "The key this tenant's row records is not in the key store.")

    async def tenant_key_there(self, tenant: UUID, tenant_key: UUID) -> bool:
        """Whether the key that the tenant's row records is in the store; never asks the cache."""
        return bool(
            await self._database.run(
                tenant,
                lambda connection: connection.fetchval(
                    "select exists (select from tenant_keys where tenant_id = $1 and id = $2)", tenant, tenant_key
                ),
            )
        )

    async def key(self, tenant: UUID, key_id: UUID) -> bytes:
        """The 32 secret bytes; raises NotFound `key_destroyed` at most 60 seconds after it was destroyed anywhere."""
        found = await self.several(tenant, [key_id])
        if key_id not in found:
            raise NotFound("key_destroyed", "The key is gone, and what it sealed is gone with it.")
        return found[key_id]

    async def several(self, tenant: UUID, key_ids: Iterable[UUID]) -> dict[UUID, bytes]:
        """Many keys in one question; those that were destroyed are left out."""
        wanted = set(key_ids)
        found = {key: secret for key in wanted if (secret := self._cache.get(tenant, key)) is not None}
        missing = list(wanted - found.keys())
        if not missing:
            return found
        asked_at = self._cache.now()
        rows = await self._database.run(
            tenant,
            lambda connection: connection.fetch(
                "select d.id, d.owner_id, d.tenant_key_id, d.wrapped, d.generation,"
                " case when d.generation = t.generation then t.wrapped else t.previous end as tenant_wrapped"
                " from data_keys d join tenant_keys t on t.tenant_id = d.tenant_id and t.id = d.tenant_key_id"
                " where d.tenant_id = $1 and d.id = any($2::uuid[])",
                tenant,
                missing,
            ),
        )
        for row in rows:
            key_id, tenant_key = plain(row["id"]), plain(row["tenant_key_id"])
            wrapped = _Wrapped(row["tenant_wrapped"], row["generation"])
            wrapping = await self._unwrapped(tenant, tenant_key, wrapped, asked_at=asked_at)
            secret = open_small(wrapping, row["wrapped"], data_context(tenant, key_id, row["owner_id"]))
            self._cache.put(tenant, key_id, secret, asked_at=asked_at)
            found[key_id] = secret
        return found

    async def destroy(self, tenant: UUID, key_ids: Sequence[UUID]) -> None:
        """Deletes these keys, for ever; committed on return. Those already gone are no error."""
        await self._database.run(
            tenant,
            lambda connection: connection.execute(
                "delete from data_keys where tenant_id = $1 and id = any($2::uuid[])", tenant, list(key_ids)
            ),
        )
        self._cache.forget(tenant, key_ids)

    async def absent(self, tenant: UUID, key_ids: Sequence[UUID]) -> bool:
        """Whether none of these keys is in the store: the proof a certificate rests on. Never asks the cache."""
        present = await self._database.run(
            tenant,
            lambda connection: connection.fetchval(
                "select exists (select from data_keys where tenant_id = $1 and id = any($2::uuid[]))",
                tenant,
                list(key_ids),
            ),
        )
        return not present

    async def listed(
        self, tenant: UUID, *, older_than: timedelta, after: UUID | None = None, limit: int = 1_000
    ) -> list[ListedKey]:
        """A page of the tenant's keys of at least that age, by id: the collector compares them with its rows.

        The age is measured on the key database's own clock, which no jump of Recital's time moves.
        """
        rows = await self._database.run(
            tenant,
            lambda connection: connection.fetch(
                "select id, owner_id, made_at from data_keys"
                " where tenant_id = $1 and id > $2 and made_at <= now() - $3::interval order by id limit $4",
                tenant,
                after or UUID(int=0),
                older_than,
                limit,
            ),
        )
        return [ListedKey(plain(row["id"]), plain(row["owner_id"]), row["made_at"]) for row in rows]

    async def destroy_tenant_key(self, tenant: UUID) -> None:
        """Ends the tenant here: its key goes at once and is never made again, then the keys it wrapped go too.

        Idempotent; interrupted, it is called again.
        """

        async def end(connection: Connection) -> None:
            await _lock(connection, tenant)
            await connection.execute("insert into ended_tenants (tenant_id) values ($1) on conflict do nothing", tenant)
            await connection.execute("delete from tenant_keys where tenant_id = $1", tenant)

        async def clear(connection: Connection) -> str:
            return await connection.execute(
                "delete from data_keys where tenant_id = $1 and id in"
                " (select id from data_keys where tenant_id = $1 order by id limit $2)",
                tenant,
                _BATCH,
            )

        await self._database.run(tenant, end)
        self._cache.forget_tenant(tenant)
        while await self._database.run(tenant, clear) != "DELETE 0":
            pass

    async def tenant_absent(self, tenant: UUID) -> bool:
        """Whether neither the tenant's key nor any key it wrapped is in the store."""
        return not await self._database.run(
            tenant,
            lambda connection: connection.fetchval(
                "select exists (select from tenant_keys where tenant_id = $1)"
                " or exists (select from data_keys where tenant_id = $1)",
                tenant,
            ),
        )

    async def _tenant_secret(self, tenant: UUID, key_id: UUID) -> "_Secret":
        asked_at = self._cache.now()
        row = await self._database.run(
            tenant,
            lambda connection: connection.fetchrow(
                "select wrapped, generation from tenant_keys where tenant_id = $1 and id = $2", tenant, key_id
            ),
        )
        if row is None:
            raise NotFound("tenant_key_missing", "The key this tenant's row records is not in the key store.")
        wrapped = _Wrapped(row["wrapped"], row["generation"])
        secret = await self._unwrapped(tenant, key_id, wrapped, asked_at=asked_at)
        return _Secret(secret, wrapped.generation)

    async def _unwrapped(self, tenant: UUID, key_id: UUID, wrapped: "_Wrapped", *, asked_at: float) -> bytes:
        """The tenant's key; the cache spares the question to the root key, never the one whether the row is there."""
        # Each generation of the key has a place of its own in the cache.
        place = UUID(int=key_id.int ^ (wrapped.generation - 1))
        if (held := self._cache.get(tenant, place)) is not None:
            return held
        secret = await self._root_key.unwrap(wrapped.wrapped, tenant_context(tenant, key_id))
        self._cache.put(tenant, place, secret, asked_at=asked_at)
        return secret


@dataclass(frozen=True, slots=True)
class _Wrapped:
    """A tenant's key as it is stored; a changed key is of the next generation."""

    wrapped: bytes
    generation: int


@dataclass(frozen=True, slots=True)
class _Secret:
    """The same, opened."""

    secret: bytes
    generation: int


async def _add(
    tenant: UUID, owner: UUID, tenant_key: UUID, wrapping: _Secret, count: int, connection: Connection
) -> list[DataKey] | None:
    """Adds keys; None where the tenant's key is not, or no more, the one that wraps them."""
    made = await connection.fetch("select uuidv7() as id from generate_series(1, $1::int)", count)
    keys = [DataKey(plain(row["id"]), secrets.token_bytes(KEY_SIZE)) for row in made]
    wrapped = [seal_small(wrapping.secret, key.secret, data_context(tenant, key.id, owner)) for key in keys]
    # The shared lock keeps a change of the tenant's key from ending before these keys can be seen by it.
    added = await connection.execute(
        "insert into data_keys (tenant_id, id, owner_id, tenant_key_id, wrapped, generation)"
        " select $1, new.id, $2, t.id, new.wrapped, t.generation"
        " from (select id, generation from tenant_keys"
        " where tenant_id = $1 and id = $3 and generation = $6 for share) t,"
        " unnest($4::uuid[], $5::bytea[]) as new (id, wrapped)",
        tenant,
        owner,
        tenant_key,
        [key.id for key in keys],
        wrapped,
        wrapping.generation,
    )
    return keys if added == f"INSERT 0 {count}" else None


async def _lock(connection: Connection, tenant: UUID) -> None:
    """Making and ending one tenant's key take turns."""
    await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", str(tenant))
