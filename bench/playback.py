"""Recordings played by the running service, beside raw GETs of as many bytes by the minio SDK from the same store.

Four listeners in threads of this process, on both sides, each with a connection it keeps, each reading a whole file.
Beside it how long the first byte takes, one listener at a time: the grant judged anew, the key, the first frames.
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import urllib3
import uvloop
from recital_identity import Role
from recital_testing.servers import Objects

from bench.callers import PURPOSE, Exchange, cpu_seconds, exchange, wav
from bench.harness import alternate, raw_store, report
from bench.slow_store import computed as computed_by

SECONDS = 150
LISTENERS = 4
READS = 24
ROUNDS = 5
FIRST_BYTES = 15
PIECE = 1 << 16


class Listeners:
    """Threads that read what they are given to its end, on connections that are kept."""

    def __init__(self, url: str, store: Objects, body: bytes) -> None:
        """Nothing is read yet."""
        self._url, self._store, self._size = url, store, len(body)
        self._threads = ThreadPoolExecutor(LISTENERS)
        self._pool = urllib3.PoolManager(maxsize=LISTENERS, retries=False)
        self._minio = raw_store(store, connections=LISTENERS)
        self._minio.put_object(store.bucket, "bench/raw", BytesIO(body), len(body))

    def send(self, permit: str, token: str, body: bytes) -> str:
        """Take a recording in; return its id."""
        headers = {"Authorization": f"Bearer {token}", "Recital-Permit": permit, "Content-Type": "audio/wav"}
        answer = self._pool.request("POST", f"{self._url}/v1/recordings", body=body, headers=headers)
        if answer.status != 201:
            raise RuntimeError(f"{answer.status}: {answer.data[:300]!r}")
        return str(answer.json()["id"])

    def grant(self, recording: str, token: str) -> str | None:
        """Ask leave to listen; None while retention does not know the recording."""
        wish = {"purpose": PURPOSE, "reason": "a benchmark"}
        headers = {"Authorization": f"Bearer {token}"}
        path = f"{self._url}/v1/recordings/{recording}/grants"
        answer = self._pool.request("POST", path, json=wish, headers=headers)
        return str(answer.json()["id"]) if answer.status == 201 else None

    def played(self, recording: str, grant: str, token: str, *, first_only: bool = False) -> float:
        """Read a recording; return the seconds to its first byte."""
        began = time.perf_counter()
        answer = self._pool.request(
            "GET",
            f"{self._url}/v1/recordings/{recording}/audio",
            fields={"grant": grant},
            headers={"Authorization": f"Bearer {token}"},
            preload_content=False,
        )
        return self._read(answer, began, first_only=first_only)

    def raw(self, *, first_only: bool = False) -> float:
        """Read as many bytes from the store; return the seconds to the first."""
        began = time.perf_counter()
        return self._read(self._minio.get_object(self._store.bucket, "bench/raw"), began, first_only=first_only)

    def _read(self, answer: urllib3.BaseHTTPResponse, began: float, *, first_only: bool) -> float:
        first = len(answer.read(1))
        took = time.perf_counter() - began
        size = first
        while piece := answer.read(PIECE):
            size += len(piece)
        answer.release_conn()
        if answer.status != 200 or (size != self._size and not first_only):
            raise RuntimeError(f"{answer.status}: {size} of {self._size} bytes")
        return took

    async def all(self, calls: list[Callable[[], float]]) -> float:
        """Make all calls, so many at a time as there are listeners; return calls a second."""
        started = time.perf_counter()
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(self._threads, each) for each in calls))
        return len(calls) / (time.perf_counter() - started)


async def measure(ground: Exchange) -> None:
    """Run both sides in turn and report."""
    body, house = wav(SECONDS), ground.house
    listeners = Listeners(house.urls["ingest"], house.servers.objects, body)
    pid = house.service("ingest").process.pid or 0
    recording = await asyncio.to_thread(listeners.send, await ground.permit(SECONDS), ground.token, body)
    token = ground.tenant.token(Role.CASE_HANDLER)
    grant = None
    while grant is None:
        grant = await asyncio.to_thread(listeners.grant, recording, token)
        await asyncio.sleep(0.1)
    held: str = grant
    store = house.servers.objects.process.pid or 0
    computed: list[float] = []
    worked: list[float] = []
    raw: list[float] = []

    async def path() -> float:
        before = cpu_seconds(pid), computed_by(store)
        rate = await listeners.all([lambda: listeners.played(recording, held, token)] * READS)
        computed.append((cpu_seconds(pid) - before[0]) / READS)
        worked.append((computed_by(store) - before[1]) / READS)
        return rate

    async def limit() -> float:
        before = computed_by(store)
        rate = await listeners.all([listeners.raw] * READS)
        raw.append((computed_by(store) - before) / READS)
        return rate

    sides = await alternate(path, limit, rounds=ROUNDS)
    firsts = await asyncio.to_thread(_first_bytes, listeners, recording, held, token)
    more = {
        "store": house.servers.objects.kind,
        "first_byte_ms": round(firsts[0] * 1000, 2),
        "first_byte_limit_ms": round(firsts[1] * 1000, 2),
        "first_byte_ratio": round(firsts[1] / firsts[0], 3),
        "store_work_ratio": round(statistics.median(raw[1:]) / statistics.median(worked[1:]), 3),
        "cpu_ms_per_read": round(statistics.median(computed[1:]) * 1000, 1),
    }
    report("playback", *sides, "reads/s", more)


def _first_bytes(listeners: Listeners, recording: str, grant: str, token: str) -> tuple[float, float]:
    """Return the median seconds to the first byte, played and raw, in turn."""
    played: list[float] = []
    raw: list[float] = []
    for _ in range(FIRST_BYTES):
        played.append(listeners.played(recording, grant, token))
        raw.append(listeners.raw())
    return statistics.median(played), statistics.median(raw)


async def main() -> None:
    """Start the house, measure, stop it."""
    async with exchange() as ground:
        await measure(ground)


if __name__ == "__main__":
    uvloop.run(main())
