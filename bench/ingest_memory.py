"""How much the service's memory grows while one file of 1 GiB comes in: the largest growth seen, in MiB.

A WAV (PCM 16, stereo, 48 kHz) is made as it is sent, so that no file is needed. The service is warm: a small
recording went before. Its limit is none of speed, so `limit` is what is allowed and `ratio` how much of it was used.
"""

import asyncio
import json
import struct
import time
from collections.abc import Iterator

import numpy as np
import urllib3
import uvloop

from bench.callers import Exchange, cpu_seconds, exchange, resident_mib, wav

ALLOWED_MIB = 64
GIB = 1 << 30
PCM_RATE = 48_000
SECONDS = GIB // (PCM_RATE * 4)
PIECE = 1 << 18


def long_wav(seconds: int) -> Iterator[bytes]:
    """Give a stereo PCM 16 WAV of noise, a piece at a time."""
    size = seconds * PCM_RATE * 4
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, PCM_RATE, PCM_RATE * 4, 4, 16)
    yield struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + form + struct.pack("<4sI", b"data", size)
    noise = np.random.default_rng(1).bytes(PIECE)
    for start in range(0, size, PIECE):
        yield noise[: min(PIECE, size - start)]


def send(url: str, permit: str, token: str, body: bytes | Iterator[bytes], length: int) -> None:
    """Send one recording; raises RuntimeError where it is not taken."""
    headers = {"Authorization": f"Bearer {token}", "Recital-Permit": permit, "Content-Type": "audio/wav"}
    answer = urllib3.PoolManager(retries=False).request(
        "POST", f"{url}/v1/recordings", body=body, headers=headers | {"Content-Length": str(length)}, timeout=3_600
    )
    if answer.status != 201:
        raise RuntimeError(f"{answer.status}: {answer.data[:300]!r}")


async def measure(ground: Exchange) -> None:
    """Warm the service, send the long file, look at its memory ten times a second."""
    house, url = ground.house, ground.house.urls["ingest"]
    pid = house.service("ingest").process.pid or 0
    small = wav(150)
    for permit in await ground.permits(4, 150):
        await asyncio.to_thread(send, url, permit, ground.token, small, len(small))
    permit = await ground.permit(SECONDS)
    before, highest, computed, started = resident_mib(pid), 0.0, cpu_seconds(pid), time.perf_counter()
    length = sum(len(piece) for piece in long_wav(0)) + SECONDS * PCM_RATE * 4
    sending = asyncio.create_task(asyncio.to_thread(send, url, permit, ground.token, long_wav(SECONDS), length))
    while not sending.done():
        highest = max(highest, resident_mib(pid))
        await asyncio.wait([sending], timeout=0.1)
    await sending
    grown = max(highest - before, 0.0)
    took = time.perf_counter() - started
    found = {
        "bench": "ingest-memory",
        "value": round(grown, 1),
        "limit": ALLOWED_MIB,
        "ratio": round(grown / ALLOWED_MIB, 3),
        "unit": "MiB",
        "before_mib": round(before, 1),
        "store": house.servers.objects.kind,
        "mib_per_second": round(length / 2**20 / took, 1),
        "cpu_seconds": round(cpu_seconds(pid) - computed, 1),
    }
    print(json.dumps(found))


async def main() -> None:
    """Start the house, measure, stop it."""
    async with exchange() as ground:
        await measure(ground)


if __name__ == "__main__":
    uvloop.run(main())
