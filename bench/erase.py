"""Recordings erased and proved by the running services, beside raw deletion of as many object versions by the SDK.

The path is everything from the moment a clock ends: found, ordered, written to the control ledger, keys and objects
destroyed and looked for, certified. The limit only removes the versions of as many objects, listing them first.
"""

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import count

import urllib3
import uvloop
from minio.deleteobjects import DeleteObject
from recital_testing import eventually
from recital_testing.servers import Objects

from bench.callers import Exchange, exchange, wav
from bench.harness import alternate, raw_store, report

SECONDS = 2
RECORDINGS = int(os.environ.get("RECITAL_BENCH_RECORDINGS", "400"))
TRACKS = 2
ROUNDS = 3
THREADS = 8
TRIES = 20
WITHIN = 600.0  # seconds a round may take
_numbers = count()


class Raw:
    """The object store through the SDK, nothing between."""

    def __init__(self, store: Objects, body: bytes) -> None:
        """Nothing is stored yet."""
        self._bucket, self._body = store.bucket, body
        self._threads = ThreadPoolExecutor(THREADS)
        self._minio = raw_store(store, connections=THREADS)

    async def delete(self) -> float:
        """Put as many objects as the recordings have; return recordings a second of deleting every version of them."""
        names = [f"bench/{next(_numbers)}" for _ in range(RECORDINGS * TRACKS)]
        await self._all(self._put, names)
        started = time.perf_counter()
        await self._all(self._delete, names)
        return RECORDINGS / (time.perf_counter() - started)

    def _put(self, name: str) -> None:
        self._minio.put_object(self._bucket, name, BytesIO(self._body), len(self._body))

    def _delete(self, name: str) -> None:
        versions = self._minio.list_objects(self._bucket, prefix=name, recursive=True, include_version=True)
        doomed = [DeleteObject(name, each.version_id) for each in versions if each.object_name == name]
        if len(doomed) != 1 or list(self._minio.remove_objects(self._bucket, doomed)):
            raise RuntimeError("an object was not deleted")

    async def _all(self, act: object, names: list[str]) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(self._threads, act, name) for name in names))  # type: ignore[arg-type]


class Erasing:
    """Recordings of one tenant, stored, then erased when time goes on."""

    def __init__(self, ground: Exchange, body: bytes) -> None:
        """Nothing is stored yet."""
        self._ground, self._body = ground, body
        self._http = urllib3.PoolManager(maxsize=THREADS, retries=False)
        self._threads = ThreadPoolExecutor(THREADS)

    async def erase(self) -> float:
        """Store recordings, end their clocks, and return recordings certified a second from that moment."""
        permits = await self._ground.permits(RECORDINGS, SECONDS)
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(self._threads, self._send, permit) for permit in permits))
        await self._until("kind = 'recording' and state = 'retained'", RECORDINGS)
        started = await self._end_clocks()
        await self._until("kind = 'recording' and state <> 'erased'", 0)
        return RECORDINGS / (time.perf_counter() - started)

    async def _end_clocks(self) -> float:
        """End every clock at this moment, as if it had come by itself, and return the moment."""
        admin = await self._ground.house.servers.postgres.connect("retention")
        try:
            async with admin.transaction():
                await admin.execute("update clocks set due_at = recital_now() where expired_at is null")
                await admin.execute(
                    "update schedule set due_at = recital_now() where id in"
                    " (select id from holdings where kind = 'recording' and state = 'retained')"
                )
            return time.perf_counter()
        finally:
            await admin.close()

    def _send(self, permit: str) -> None:
        url = f"{self._ground.house.urls['ingest']}/v1/recordings"
        headers = {"Recital-Permit": permit, "Content-Type": "audio/wav"}
        headers["Authorization"] = f"Bearer {self._ground.token}"
        # A busy machine lets services wait for each other too long; the sender tries again, as senders do.
        for _ in range(TRIES):
            answer = self._http.request("POST", url, body=self._body, headers=headers)
            if answer.status != 503:
                break
        if answer.status not in (200, 201):
            raise RuntimeError(f"{answer.status}: {answer.data[:300]!r}")

    async def _until(self, found: str, number: int) -> None:
        admin = await self._ground.house.servers.postgres.connect("retention")

        async def reached() -> bool:
            return bool(await admin.fetchval(f"select count(*) from holdings where {found}") == number)  # noqa: S608 - a constant

        try:
            await eventually(reached, within=WITHIN, what=f"{found}: {number}")
        finally:
            await admin.close()


async def measure(ground: Exchange) -> None:
    """Run both sides in turn and report."""
    body = wav(SECONDS)
    erasing, raw = Erasing(ground, body), Raw(ground.house.servers.objects, body[: len(body) // TRACKS])
    sides = await alternate(erasing.erase, raw.delete, rounds=ROUNDS)
    more = {"store": ground.house.servers.objects.kind, "recordings": RECORDINGS, "tracks": TRACKS}
    report("erase", *sides, "recordings/s", more)


async def main() -> None:
    """Start the house, measure, stop it."""
    async with exchange() as ground:
        await measure(ground)


if __name__ == "__main__":
    uvloop.run(main())
