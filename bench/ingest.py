"""Recordings taken in by the running service, beside raw PUTs of the same bytes by the minio SDK to the same store.

Eight senders in threads of this process, on both sides, each with a connection it keeps. The path is everything:
token, permit, split, seal, verified objects, consent's word, commit. Beside it: what the service and the store compute
for each recording, and what masks cost.

`ratio` is of this machine, where senders, four services, PostgreSQL and the store share the processors: what it shows
is mostly who computes least. `store_bound_ratio` is the same with the store held to a share of one processor, so that
all wait for the store: then it counts how much a recording gives the store to do. It says so only while the rest of the
machine has time left; `store_work_ratio`, what the store computes for a raw put over what it computes for a recording,
is what it comes to where it has not.
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
from bench.slow_store import computed, slow

SECONDS = 150
SENDERS = 8
RECORDINGS = 32
ROUNDS = 5
SLOW_ROUNDS, SLOW_RECORDINGS = 3, 16
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
    store = house.servers.objects.process.pid or 0
    spent: list[tuple[float, float]] = []
    stored: list[float] = []

    async def path() -> float:
        taken = [permits.pop() for _ in range(RECORDINGS)]
        before = cpu_seconds(pid), computed(store)
        rate = await senders.path(taken, ground.token)
        spent.append(((cpu_seconds(pid) - before[0]) / RECORDINGS, (computed(store) - before[1]) / RECORDINGS))
        return rate

    async def limit() -> float:
        before = computed(store)
        rate = await senders.limit(RECORDINGS)
        stored.append((computed(store) - before) / RECORDINGS)
        return rate

    sides = await alternate(path, limit, rounds=ROUNDS)
    worked, put = (_milliseconds(each) for each in ([each for _, each in spent], stored))
    plain, masked = await _masks(ground, senders)
    bound = await _store_bound(ground, senders)
    more = {
        "store": house.servers.objects.kind,
        "store_bound_ratio": round(bound[0] / bound[1], 3),
        "store_bound": round(bound[0], 2),
        "store_bound_limit": round(bound[1], 2),
        "cpu_ms_per_recording": _milliseconds([each for each, _ in spent]),
        "store_work_ratio": round(put / worked, 3),
        "store_cpu_ms_per_recording": worked,
        "store_cpu_ms_per_put": put,
        "masks_cost": round(1 - masked[0] / plain[0], 3),
        "masks_cost_in_cpu": round(masked[1] / plain[1] - 1, 3),
        "seconds_of_audio_per_second": round(sides[0].median * SECONDS),
    }
    report("ingest", *sides, "recordings/s", more)


def _milliseconds(seconds: list[float]) -> float:
    """Return the median of all but the first, which was to warm up."""
    return round(statistics.median(seconds[1:]) * 1000, 1)


async def _masks(ground: Exchange, senders: Senders) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return recordings a second and seconds computed for each, without and with a tenth silenced, in turn."""
    pid = ground.house.service("ingest").process.pid or 0
    rates: dict[bool, list[float]] = {False: [], True: []}
    spent: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(ROUNDS):
        for held, found in rates.items():
            permits = await ground.permits(RECORDINGS, SECONDS, held=held)
            before = cpu_seconds(pid)
            found.append(await senders.path(permits, ground.token))
            spent[held].append((cpu_seconds(pid) - before) / RECORDINGS)
    plain, masked = ((statistics.median(rates[held]), statistics.median(spent[held])) for held in (False, True))
    return plain, masked


async def _store_bound(ground: Exchange, senders: Senders) -> tuple[float, float]:
    """Return recordings and raw objects a second where the store is what all wait for, in turn."""
    pid = ground.house.servers.objects.process.pid or 0
    path: list[float] = []
    limit: list[float] = []
    for _ in range(SLOW_ROUNDS):
        permits = await ground.permits(SLOW_RECORDINGS, SECONDS)
        with slow(pid):
            path.append(await senders.path(permits, ground.token))
            limit.append(await senders.limit(SLOW_RECORDINGS))
    return statistics.median(path), statistics.median(limit)


async def main() -> None:
    """Start the house, measure, stop it."""
    async with exchange() as ground:
        await measure(ground)


if __name__ == "__main__":
    uvloop.run(main())
