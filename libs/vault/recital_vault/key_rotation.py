"""Keys wrapped anew, without touching what they sealed: by a newer root key, or under a new secret of the tenant.

A tenant's new secret is one short commit; from then on both are there, until every data key is wrapped by the new one.
Interrupted at any point it is called again and goes on.
"""

import secrets
from uuid import UUID

from recital_errors import NotFound

from recital_vault.key_database import Connection, KeyDatabase
from recital_vault.root_key import RootKey
from recital_vault.small import KEY_SIZE, open_small, seal_small

__all__ = ["KeyRotation", "data_context", "plain", "tenant_context"]

_AT_ONCE = 1_000


class KeyRotation:
    """Wraps one service's keys anew, a tenant at a time. Every method raises Unavailable as KeyStore does."""

    def __init__(self, database: KeyDatabase, root_key: RootKey) -> None:
        """Built by KeyStore."""
        self._database, self._root_key = database, root_key

    async def wrap_by_newest_root_key(self, tenant: UUID) -> bool:
        """Wraps the tenant's key by the newest root key; false where that had been done, or there is no key."""
        row = await self._database.run(
            tenant,
            lambda connection: connection.fetchrow(
                "select id, wrapped, previous from tenant_keys where tenant_id = $1", tenant
            ),
        )
        if row is None:
            return False
        context = tenant_context(tenant, plain(row["id"]))
        anew: list[bytes | None] = []
        for wrapped in (row["wrapped"], row["previous"]):
            if wrapped is None or await self._root_key.is_newest(wrapped):
                anew.append(wrapped)
            else:
                anew.append(await self._root_key.wrap(await self._root_key.unwrap(wrapped, context), context))
        if anew == [row["wrapped"], row["previous"]]:
            return False
        await self._database.run(
            tenant,
            lambda connection: connection.execute(
                # Only what was read is replaced: another process may have been first.
                "update tenant_keys set wrapped = $2, previous = $3 where tenant_id = $1"
                " and wrapped = $4 and previous is not distinct from $5",
                tenant,
                *anew,
                row["wrapped"],
                row["previous"],
            ),
        )
        return True

    async def change_tenant_key(self, tenant: UUID, tenant_key: UUID) -> int:
        """Gives the tenant's key a new secret and wraps all its data keys by it; returns how many those were.

        The key's id stays. A change that was interrupted is carried on. Raises NotFound `tenant_key_missing`.
        """
        context = tenant_context(tenant, tenant_key)
        new = secrets.token_bytes(KEY_SIZE)
        wrapped = await self._root_key.wrap(new, context)

        async def begin(connection: Connection) -> None:
            await connection.execute(
                "update tenant_keys set previous = wrapped, wrapped = $3, generation = generation + 1"
                " where tenant_id = $1 and id = $2 and previous is null",
                tenant,
                tenant_key,
                wrapped,
            )

        await self._database.run(tenant, begin)
        return await self._carry_on(tenant, tenant_key)

    async def _carry_on(self, tenant: UUID, tenant_key: UUID) -> int:
        row = await self._database.run(
            tenant,
            lambda connection: connection.fetchrow(
                "select wrapped, previous, generation from tenant_keys where tenant_id = $1 and id = $2",
                tenant,
                tenant_key,
            ),
        )
        if row is None:
            raise NotFound("tenant_key_missing", "The key this tenant's row records is not in the key store.")
        if row["previous"] is None:
            return 0
        context, generation = tenant_context(tenant, tenant_key), int(row["generation"])
        new = await self._root_key.unwrap(row["wrapped"], context)
        old = await self._root_key.unwrap(row["previous"], context)
        changed = 0

        async def some(connection: Connection) -> int:
            return await _wrap_some(connection, tenant, generation, (old, new))

        async def end(connection: Connection) -> bool:
            # The lock waits for keys being made under the old secret; only then is looked whether any is left.
            await connection.execute("select from tenant_keys where tenant_id = $1 for update", tenant)
            ended = await connection.execute(
                "update tenant_keys set previous = null where tenant_id = $1 and id = $2 and generation = $3"
                " and not exists (select from data_keys where tenant_id = $1 and generation < $3)",
                tenant,
                tenant_key,
                generation,
            )
            return ended == "UPDATE 1"

        while True:
            while wrapped_now := await self._database.run(tenant, some):
                changed += wrapped_now
            if await self._database.run(tenant, end):
                return changed


async def _wrap_some(connection: Connection, tenant: UUID, generation: int, secrets_: tuple[bytes, bytes]) -> int:
    old, new = secrets_
    rows = await connection.fetch(
        "select id, owner_id, wrapped from data_keys where tenant_id = $1 and generation < $2"
        " order by id limit $3 for update",
        tenant,
        generation,
        _AT_ONCE,
    )
    contexts = [data_context(tenant, plain(row["id"]), row["owner_id"]) for row in rows]
    opened = [open_small(old, row["wrapped"], context) for row, context in zip(rows, contexts, strict=True)]
    await connection.execute(
        "update data_keys d set wrapped = n.wrapped, generation = $2 from unnest($3::uuid[], $4::bytea[])"
        " as n (id, wrapped) where d.tenant_id = $1 and d.id = n.id",
        tenant,
        generation,
        [row["id"] for row in rows],
        [seal_small(new, secret, context) for secret, context in zip(opened, contexts, strict=True)],
    )
    return len(rows)


def tenant_context(tenant: UUID, key_id: UUID) -> bytes:
    """What a tenant's key is wrapped to."""
    return b"recital tenant key v1|" + tenant.bytes + key_id.bytes


def data_context(tenant: UUID, key_id: UUID, owner: UUID) -> bytes:
    """What a data key is wrapped to."""
    return b"recital data key v1|" + tenant.bytes + key_id.bytes + owner.bytes


def plain(identifier: UUID) -> UUID:
    """The driver's own UUID class, as the standard one."""
    return UUID(bytes=identifier.bytes)
