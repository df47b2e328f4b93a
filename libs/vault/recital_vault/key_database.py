"""Transactions in one service's schema of the database `keys`, each of which sees one tenant's rows only."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
from recital_errors import Unavailable

from recital_vault.settings import KeyStoreSettings

__all__ = ["Connection", "KeyDatabase"]

T = TypeVar("T")
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[Any]"
# A connection that went away is tried once more; what the server understood and refused is not. One whose end is just
# being read shows as an error of the driver itself.
_GONE = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
)


class KeyDatabase:
    """A pool that connects at first use and reads the password's file at each new connection."""

    @classmethod
    async def open(cls, settings: KeyStoreSettings) -> "KeyDatabase":
        """Asks nothing of the server yet, so that services start in any order."""

        async def password() -> str:
            return (await asyncio.to_thread(settings.password_file.read_text)).strip()

        pool = await asyncpg.create_pool(
            host=settings.host,
            port=settings.port,
            user=settings.user,
            password=password,
            database=settings.database,
            min_size=0,
            max_size=settings.connections,
            ssl=ssl.create_default_context() if settings.verify_tls else None,
            timeout=settings.connect_timeout,
            command_timeout=settings.command_timeout,
            server_settings={"search_path": settings.schema, "application_name": settings.user},
            reset=_leave_as_it_is,
        )
        return cls(pool, patience=settings.connect_timeout)

    def __init__(self, pool: "asyncpg.Pool[Any]", *, patience: float) -> None:
        """Use `open`."""
        self._pool = pool
        self._patience = patience

    def close(self) -> None:
        """Drops the connections; what was under way fails."""
        self._pool.terminate()

    async def run(self, tenant: UUID, work: Callable[[Connection], Awaitable[T]]) -> T:
        """What `work` returns, committed. `work` may run twice, the second time after a commit whose answer got lost.

        Raises Unavailable `key_store_unavailable` for whatever the database or the way to it has against that.
        """
        try:
            try:
                return await self._once(tenant, work)
            except _GONE:
                # A server that restarted leaves dead connections behind in the pool.
                await self._pool.expire_connections()
                return await self._once(tenant, work)
        except (*_GONE, asyncpg.PostgresError) as error:
            raise Unavailable("key_store_unavailable", "The key store does not answer.") from error

    async def _once(self, tenant: UUID, work: Callable[[Connection], Awaitable[T]]) -> T:
        async with self._pool.acquire(timeout=self._patience) as connection, connection.transaction():
            await connection.execute("select set_config('app.tenant', $1, true)", str(tenant))
            return await work(connection)


async def _leave_as_it_is(_: object) -> None:
    """Sessions carry nothing from one transaction to the next, so nothing needs to be reset between them."""
