"""Recordings taken in by the running service, beside raw PUTs of the same bytes by the minio SDK to the same store.

Eight senders in threads of this process, on both sides, each with a connection it keeps. The path is everything:
token, permit, split, seal, verified objects, consent's word, commit. Beside it: what the service computes for each
recording, and what masks cost.
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import count

import urllib3
import uvloop
from recital_testing.servers import Objects

from bench.callers import Exchange, cpu_seconds, exchange, wav
from bench.harness import alternate, raw_store, report

SECONDS = 150
SENDERS = 8
RECORDINGS = 32
ROUNDS = 5
_numbers = count()


class Senders:
    """Eight threads that send what they are given, on connections that are kept."""

    def __init__(self, url: str, store: Objects, body: bytes) -> None:
        """Nothing is sent yet."""
        self._url, self._store, self._body = url, store, body
        self._threads = ThreadPoolExecutor(SENDERS)
        self._pool = urllib3.PoolManager(maxsize=SENDERS, retries=False)
        self._minio = raw_store(store, connections=SENDERS)

    async def path(self, permits: list[str], token: str) -> float:
        """Send one recording under each permit; return recordings a second."""

        def send(permit: str) -> None:
            headers = {"Authorization": f"Bearer {token}", "Recital-Permit": permit, "Content-Type": "audio/wav"}
            answer = self._pool.request("POST", f"{self._url}/v1/recordings", body=self._body, headers=headers)
            if answer.status != 201:
                raise RuntimeError(f"{answer.status}: {answer.data[:300]!r}")

        return await self._all(send, permits)

    async def limit(self, number: int) -> float:
        """Put so many objects of the same bytes; return objects a second."""

        def put(name: str) -> None:
            self._minio.put_object(self._store.bucket, name, BytesIO(self._body), len(self._body))

        return await self._all(put, [f"bench/{next(_numbers)}" for _ in range(number)])

    async def _all(self, send: Callable[[str], None], items: list[str]) -> float:
        started = time.perf_counter()
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(self._threads, send, each) for each in items))
        return len(items) / (time.perf_counter() - started)


async def measure(ground: Exchange) -> None:
    """Run both sides in turn and report."""
    body = wav(SECONDS)
    house = ground.house
    senders = Senders(house.urls["ingest"], house.servers.objects, body)
    pid = house.service("ingest").process.pid or 0
    permits = await ground.permits((ROUNDS + 1) * RECORDINGS, SECONDS)
    computed: list[float] = []

    async def path() -> float:
        taken = [permits.pop() for _ in range(RECORDINGS)]
        before = cpu_seconds(pid)
        rate = await senders.path(taken, ground.token)
        computed.append((cpu_seconds(pid) - before) / RECORDINGS)
        return rate

    async def limit() -> float:
        return await senders.limit(RECORDINGS)

    sides = await alternate(path, limit, rounds=ROUNDS)
    plain, masked = await _masks(ground, senders)
    more = {
        "store": house.servers.objects.kind,
        "cpu_ms_per_recording": round(statistics.median(computed[1:]) * 1000, 1),
        "masks_cost": round(1 - masked / plain, 3),
        "seconds_of_audio_per_second": round(sides[0].median * SECONDS),
    }
    report("ingest", *sides, "recordings/s", more)


async def _masks(ground: Exchange, senders: Senders) -> tuple[float, float]:
    """Return recordings a second without and with a tenth of each silenced, in turn."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(ROUNDS):
        for held, found in rates.items():
            permits = await ground.permits(RECORDINGS, SECONDS, held=held)
            found.append(await senders.path(permits, ground.token))
    return statistics.median(rates[False]), statistics.median(rates[True])


async def main() -> None:
    """Start the house, measure, stop it."""
    async with exchange() as ground:
        await measure(ground)


if __name__ == "__main__":
    uvloop.run(main())
