"""The bench harness: rounds of a hot path and of its raw limit in turn, a table, and one JSON line at the end.

Only the ratio means anything on another machine. Servers are the real ones, on disk, with fsync on.
"""

import asyncio
import json
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
from minio import Minio
from recital_bus import PROVISIONER, provision
from recital_database import Database
from recital_testing.databases import Databases
from recital_testing.files import private_folder
from recital_testing.ports import choose_ports
from recital_testing.servers import Nats, Objects, Postgres
from recital_testing.services import SERVICES
from rich.console import Console
from rich.table import Table

FOLDER = (Path(".run") / "bench").absolute()
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

Round = Callable[[], Awaitable[float]]
"""One round: does the work and returns operations per second."""


@dataclass(slots=True)
class Side:
    """What was measured of one side, the path or its limit."""

    name: str
    rates: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0

    @property
    def median(self) -> float:
        """Operations per second, the middle of all rounds."""
        return statistics.median(self.rates)

    @property
    def spread(self) -> float:
        """The distance between the slowest and the fastest round, as a part of the median."""
        return (max(self.rates) - min(self.rates)) / self.median


def raw_store(store: Objects, *, connections: int) -> Minio:
    """Return the SDK's own client of the object store, nothing of ours between: the raw limit of what moves audio."""
    settings = store.settings()
    return Minio(
        settings.endpoint,
        access_key=store.access_key_file.read_text(),
        secret_key=store.secret_key_file.read_text(),
        secure=False,
        region=settings.region,
        http_client=urllib3.PoolManager(maxsize=connections, retries=False),
    )


@dataclass(slots=True)
class Ground:
    """The servers a benchmark runs on, and databases of the services on them."""

    postgres: Postgres
    nats: Nats
    databases: Databases

    async def database(self, service: str) -> Database:
        """Return a fresh migrated database of a service, opened."""
        return await Database.open(await self.databases.copy(service))

    async def written(self) -> int:
        """Return how many bytes PostgreSQL has written to its log so far."""
        admin = await self.postgres.connect()
        try:
            return int(await admin.fetchval("select wal_bytes from pg_stat_wal"))
        finally:
            await admin.close()


@asynccontextmanager
async def ground() -> AsyncIterator[Ground]:
    """Start PostgreSQL and NATS in a fresh folder, and stop them."""
    folder = private_folder(FOLDER / str(os.getpid()))
    postgres = Postgres.in_folder(folder / "postgres")
    nats = Nats.in_folder(folder / "nats", port=choose_ports(["nats"])["nats"], users=SERVICES)
    await asyncio.gather(postgres.start(), nats.start())
    try:
        await provision(nats.url, nats.seed_file(PROVISIONER))
        yield Ground(postgres, nats, Databases(postgres, folder / "secrets"))
    finally:
        await asyncio.gather(postgres.stop(), nats.stop())


async def alternate(path: Round, limit: Round, *, rounds: int) -> tuple[Side, Side]:
    """Run path and limit in turn, so that what else the machine does hits both; the first of each is not counted."""
    sides = Side("path"), Side("limit")
    await path()
    await limit()
    for _ in range(rounds):
        for side, run in zip(sides, (path, limit), strict=True):
            before = time.process_time()
            side.rates.append(await run())
            side.cpu_seconds += time.process_time() - before
    return sides


def memory_mib() -> float:
    """Return this process's resident memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


def report(bench: str, path: Side, limit: Side, unit: str, more: dict[str, Any]) -> None:
    """Print the table and, as the last line, one JSON object."""
    table = Table(title=bench)
    for column in ("", f"median {unit}", "spread", "own CPU seconds"):
        table.add_column(column, justify="right")
    for side in (path, limit):
        table.add_row(side.name, f"{side.median:,.0f}", f"{side.spread:.0%}", f"{side.cpu_seconds:.1f}")
    console = Console()
    console.print(table)
    for name, value in more.items():
        console.print(f"{name}: {value}")
    found = {
        "bench": bench,
        "value": round(path.median, 1),
        "limit": round(limit.median, 1),
        "ratio": round(path.median / limit.median, 3),
        "unit": unit,
        "spread": round(path.spread, 2),
        **more,
    }
    print(json.dumps(found))
