"""One door to PostgreSQL: connections, and the transaction in which a tenant is set.

Every request or message is one transaction, opened and committed at the edge. The application role sees one tenant's
rows (row-level security); the worker role sees the listed work tables of all tenants and finds what there is to do.
"""

import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from recital_errors import Unavailable
from sqlalchemy import URL, CursorResult, Executable, TextClause, event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from recital_database.clock import Clock

RoleKind = Literal["app", "worker", "owner"]
NO_TENANT = UUID(int=0)
# Deadlock and serialisation failure: nothing was done, the same request may be sent again.
TRY_AGAIN = frozenset({"40001", "40P01", "55P03", "57014"})
_ENTER = text("select recital_now() from (select set_config('app.tenant', :tenant, true)) tenant")
# The W3C traceparent of the work in hand; the runtime sets it, outgoing events carry it.
traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where a service's database is and who connects; `host` may be the folder of a Unix socket."""

    service: str
    host: str
    port: int
    name: str
    app_password_file: Path
    worker_password_file: Path
    owner_password_file: Path | None = None
    pool_size: int = 16
    verify_tls: bool = False

    def url(self, role: RoleKind) -> URL:
        """Return the address for a role; raises ValueError for the owner where no owner's password is set."""
        files = {"app": self.app_password_file, "worker": self.worker_password_file, "owner": self.owner_password_file}
        file = files[role]
        if file is None:
            raise ValueError(f"no password file is set for the {role} role")
        return URL.create(
            "postgresql+asyncpg",
            username=f"{self.service}_{role}",
            password=file.read_text().strip(),
            database=self.name,
        )

    def connect_args(self) -> dict[str, Any]:
        """Return what the driver takes beside the address: host and port, TLS, and limits that free stuck work."""
        secure: dict[str, Any] = {"ssl": ssl.create_default_context()} if self.verify_tls else {}
        return {
            "host": self.host,
            "port": self.port,
            "timeout": 5,
            "server_settings": {"statement_timeout": "60s", "idle_in_transaction_session_timeout": "60s"},
            **secure,
        }


@dataclass(slots=True)
class Transaction:
    """One open transaction: its connection, the tenant it is bound to, and Recital's time, constant within it."""

    connection: AsyncConnection
    tenant: UUID
    now: datetime
    service: str
    touched: set[str] = field(default_factory=set)

    async def execute(
        self, statement: Executable | str, parameters: Mapping[str, Any] | list[dict[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Run one Core statement (a string is SQL with :named parameters) in this transaction."""
        made = _parsed(statement) if isinstance(statement, str) else statement
        return await self.connection.execute(made, parameters)


@lru_cache(maxsize=1_000)
def _parsed(statement: str) -> TextClause:
    """Return a statement whose parameters were looked for once, and which is compiled once."""
    return text(statement)


class Database:
    """A service's database: two pools (application and worker role) and Recital's clock."""

    def __init__(self, settings: DatabaseSettings) -> None:
        """Make the pools; nothing is connected yet."""
        self.service = settings.service
        self.clock = Clock()
        self._app = _engine(settings, "app", settings.pool_size)
        self._worker = _engine(settings, "worker", 4)
        self._listeners: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)

    @classmethod
    async def open(cls, settings: DatabaseSettings) -> "Database":
        """Connect and read the clock; raises Unavailable where the database does not answer or is unsafe."""
        database = cls(settings)
        await database.tick()
        return database

    async def close(self) -> None:
        """Close both pools."""
        await self._app.dispose()
        await self._worker.dispose()

    async def ping(self) -> None:
        """Raise Unavailable where the database does not answer."""
        async with self.work():
            pass

    async def tick(self) -> None:
        """Read Recital's time, raise the high-water mark and judge whether time jumped (`clock.frozen`).

        A jump is kept in the database until a person has looked (freezes.py), and every replica heeds it.

        Raises Unavailable where the server does not wait for stable storage: an answer would promise too much.
        """
        asked_at = self.clock.monotonic()
        async with self.work() as tx:
            row = (
                await tx.execute(
                    # Everything of one reading of the row, also where somebody moved time while this waited for it.
                    "update recital_clock set high_water = greatest(high_water, clock_timestamp() + ahead)"
                    " returning clock_timestamp() + ahead as now, ahead, old.high_water,"
                    " current_setting('synchronous_commit') as sync,"
                    " (select why from clock_freezes where released_at is null) as frozen"
                )
            ).one()
            if row.sync == "off":
                raise Unavailable("database_unsafe", "The database does not wait for stable storage.")
            # What is known stays known until a person ends it, whatever the mark says meanwhile.
            high_water = row.now if row.frozen is not None else row.high_water
            found = self.clock.judge(now=row.now, ahead=row.ahead, high_water=high_water, asked_at=asked_at)
            if found is not None:
                # Time that jumps again holds those again who were released before.
                await tx.execute(
                    "update clock_freezes f set released_at = recital_now(), released_by = 'clock', release_reason ="
                    " :why where released_at is null and exists (select from clock_releases r where r.id = f.id)",
                    {"why": found},
                )
                await tx.execute("insert into clock_freezes (why) values (:why) on conflict do nothing", {"why": found})
        self.clock.set(now=row.now, ahead=row.ahead, high_water=row.now, asked_at=asked_at)
        self.clock.frozen = row.frozen or found

    def when(self, touched: str, call: Callable[[], None]) -> None:
        """Call back after each commit that touched `outbox` or `ledger`, so that a worker need not poll for it."""
        self._listeners[touched].append(call)

    @asynccontextmanager
    async def transaction(self, tenant: UUID) -> AsyncIterator[Transaction]:
        """Open one transaction of the application role for one tenant; it commits at a clean exit.

        Raises Unavailable where the database does not answer, also at the commit: then nothing may be assumed done.
        """
        async with self._open(self._app, tenant) as tx:
            yield tx

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Transaction]:
        """Open one transaction of the worker role: it sees the work tables of all tenants, and nothing else."""
        async with self._open(self._worker, NO_TENANT) as tx:
            yield tx

    @asynccontextmanager
    async def holding(self, lock: str) -> AsyncIterator[bool]:
        """Hold a named session lock on a connection of its own, outside any transaction; false where another has it.

        It saves double work between replicas. It guards nothing: what is done under it must bear being done twice.
        """
        with unavailable():
            async with self._worker.connect() as connection:
                automatic = await connection.execution_options(isolation_level="AUTOCOMMIT")
                name = {"name": f"{self.service}:{lock}"}
                got = bool(
                    await automatic.scalar(text("select pg_try_advisory_lock(hashtextextended(:name, 0))"), name)
                )
                try:
                    yield got
                finally:
                    if got:
                        await automatic.execute(text("select pg_advisory_unlock(hashtextextended(:name, 0))"), name)

    @asynccontextmanager
    async def _open(self, engine: AsyncEngine, tenant: UUID) -> AsyncIterator[Transaction]:
        with unavailable():
            async with engine.begin() as connection:
                # SET LOCAL with a parameter: it ends with the transaction, so a pooled connection carries no tenant.
                now = await connection.scalar(_ENTER, {"tenant": str(tenant)})
                tx = Transaction(connection=connection, tenant=tenant, now=now, service=self.service)
                yield tx
        for touched in tx.touched:
            for call in self._listeners[touched]:
                call()


def _engine(settings: DatabaseSettings, role: RoleKind, size: int) -> AsyncEngine:
    engine = create_async_engine(
        settings.url(role),
        connect_args=settings.connect_args(),
        pool_size=size,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=False,
    )

    @event.listens_for(engine.sync_engine, "handle_error")
    def lost(context: Any) -> None:
        # One lost connection means the server went: all others in the pool are stale too.
        if isinstance(context.original_exception, ConnectionError | OSError):
            context.is_disconnect = True

    return engine


class unavailable:  # noqa: N801 - used as a block: `with unavailable():`
    """Turn a database that does not answer, or that asks to be asked again, into Unavailable."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        """Translate; everything else passes as it is."""
        if isinstance(error, ConnectionError | OSError | PoolTimeout | InterfaceError | OperationalError):
            raise Unavailable("database_unavailable", retry_after=1) from error
        if isinstance(error, DBAPIError):
            state = getattr(error.orig, "sqlstate", None)
            if error.connection_invalidated or state in TRY_AGAIN or str(state)[:2] in ("08", "53", "57"):
                raise Unavailable("database_unavailable", retry_after=1) from error
