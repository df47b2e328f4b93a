"""One row of the house while it runs: started, asked whether it is ready, stopped, killed."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from recital_testing.failures import HouseError
from recital_testing.house.environment import Places
from recital_testing.loopback import loopback_client
from recital_testing.processes import Process, surroundings
from recital_testing.services import Row

READY_WITHIN = 120.0  # seconds; on a busy machine four services take half a minute to load
# A service gives requests in hand 20 seconds before it goes.
STOP_WITHIN = 25.0


class Runs(Protocol):
    """What the house can start and stop: a service or a server."""

    @property
    def process(self) -> Process:
        """Its process."""

    async def start(self, *, guarded: bool) -> None:
        """Start it."""

    async def stop(self) -> None:
        """Ask it to stop, and wait for it."""

    async def kill(self) -> None:
        """End it as a crash would."""


@dataclass(slots=True)
class Service:
    """One of the four services as a process."""

    row: Row
    url: str
    process: Process

    @classmethod
    def of(cls, row: Row, places: Places, url: str, environment: Mapping[str, str]) -> "Service":
        """Describe the process; nothing is started."""
        command = [sys.executable, "-m", f"recital_{row.name}", "serve"]
        return cls(row, url, Process(row.name, places.processes, command, environment))

    async def start(self, *, guarded: bool) -> None:
        """Start it; it may not be ready yet, since services start in any order."""
        self.process.start(guarded=guarded)

    async def stop(self) -> None:
        """Stop it: requests in hand are finished."""
        await self.process.stop(within=STOP_WITHIN)

    async def kill(self) -> None:
        """End it as a crash would."""
        await self.process.kill()

    async def command(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run its command line as an operator does, told `more`; how that ended is in what is returned."""
        return await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", f"recital_{self.row.name}", *words],
            env=surroundings({**self.process.environment, **more}),
            check=False,
            capture_output=True,
            text=True,
        )

    async def ready(self, *, within: float = READY_WITHIN) -> None:
        """Return when /readyz says `ready`; raises HouseError with what it lacked, and its log, when it does not."""
        last: dict[str, Any] = {}

        async def asked() -> bool:
            last.update(await self.health(client))
            return last.get("status") == "ready"

        async with loopback_client() as client:
            try:
                await self.process.until(asked, within=within)
            except HouseError as error:
                raise HouseError(f"{error}\n(/readyz: {last or 'no answer'})") from None

    async def health(self, client: httpx.AsyncClient, path: str = "/readyz") -> dict[str, Any]:
        """Return what it says of itself; empty when it does not answer."""
        try:
            answer = await client.get(f"{self.url}{path}")
            said = answer.json()
        except (httpx.TransportError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}
