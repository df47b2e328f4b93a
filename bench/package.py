"""A person's package made by the running service, beside the raw download of the same bytes from ingest.

One subject with 100 recordings. The path is everything between the officer's word and a package that is ready: parts
read again, a grant and a muted rendering per recording, vCons, hashes, ZIP, seal, verified object. The limit asks
ingest for the same renderings, one after the other, under grants it was given before, and throws them away.
"""

import asyncio
import time
from typing import Any

import httpx
import uvloop
from recital_identity import Role

from bench.callers import PURPOSE, Exchange, cpu_seconds, exchange, resident_mib, wav
from bench.harness import alternate, report

NUMBER = "+31201234567"
RECORDINGS, SECONDS = 100, 150
ROUNDS = 3
PAUSE = 0.1  # seconds: each look costs the maker of the package some ten queries
OFFICER, HANDLER = Role.PRIVACY_OFFICER, Role.CASE_HANDLER


class Packaging:
    """The officer's side: a request is brought to its review, and its package is waited for."""

    def __init__(self, place: Exchange) -> None:
        """Nothing is asked yet."""
        self._dsar = place.tenant.client("dsar", OFFICER)
        self._dsar_pid = place.house.running_rows()["dsar"] or 0
        self.peak_mib, self.cpu = 0.0, 0.0

    async def reviewed(self) -> str:
        """Bring a request of the person to the point where only the package is to be made; return its id."""
        wanted = {"kind": "access", "identifiers": [{"kind": "number", "value": NUMBER}], "language": "en"}
        request = (await self._post("", {**wanted, "channel": {"kind": "officer"}}))["id"]
        await self._post(f"/{request}/identity", {"method": "documents", "outcome": "confirmed", "note": "Seen."})
        await self._until(request, "review")
        await self._post(f"/{request}/decisions", {"all": True})
        return str(request)

    async def package(self, request: str) -> dict[str, Any]:
        """Have the package made and return the request when it is ready."""
        before = cpu_seconds(self._dsar_pid)
        await self._post(f"/{request}/package", None)
        shown = await self._until(request, "ready")
        self.cpu = cpu_seconds(self._dsar_pid) - before
        return shown

    async def _until(self, request: str, state: str) -> dict[str, Any]:
        while True:
            shown: dict[str, Any] = (await self._dsar.get(f"/v1/requests/{request}")).raise_for_status().json()
            self.peak_mib = max(self.peak_mib, resident_mib(self._dsar_pid))
            if shown["state"] == state:
                return shown
            await asyncio.sleep(PAUSE)

    async def _post(self, path: str, body: object) -> Any:
        return (await self._dsar.post(f"/v1/requests{path}", json=body)).raise_for_status().json()


async def recorded(place: Exchange) -> list[str]:
    """Record the person's calls and return the recordings."""
    ingest, body = place.tenant.client("ingest", Role.INTEGRATOR), wav(SECONDS)
    turns = asyncio.Semaphore(4)

    async def one(permit: str) -> str:
        async with turns:
            headers = {"Recital-Permit": permit, "Content-Type": "audio/wav"}
            sent = await ingest.post("/v1/recordings", content=body, headers=headers)
        return str(sent.raise_for_status().json()["id"])

    return await asyncio.gather(*(one(each) for each in await place.permits(RECORDINGS, SECONDS)))


async def granted(ingest: httpx.AsyncClient, recordings: list[str]) -> list[str]:
    """Return the addresses under which the recordings may be heard for a quarter of an hour, staff muted."""
    turns = asyncio.Semaphore(4)

    async def one(recording: str) -> str:
        path = f"/v1/recordings/{recording}"
        async with turns:
            given = await ingest.post(f"{path}/grants", json={"purpose": PURPOSE, "reason": "Measuring."})
        return f"{path}/audio?grant={given.raise_for_status().json()['id']}&mute=agent"

    return await asyncio.gather(*(one(each) for each in recordings))


async def downloaded(ingest: httpx.AsyncClient, addresses: list[str]) -> int:
    """Read every rendering and return how many bytes came."""
    size = 0
    for address in addresses:
        async with ingest.stream("GET", address) as answer:
            answer.raise_for_status()
            async for chunk in answer.aiter_bytes():
                size += len(chunk)
    return size


async def main() -> None:
    """Start the house, record, measure both sides in turn, stop."""
    async with exchange() as place:
        packaging, recordings = Packaging(place), await recorded(place)
        ingest = place.tenant.client("ingest", HANDLER)
        size = await downloaded(ingest, await granted(ingest, recordings))
        packages: list[float] = []

        async def path() -> float:
            request = await packaging.reviewed()
            started = time.perf_counter()
            shown = await packaging.package(request)
            spent = time.perf_counter() - started
            packages.append(shown["package"]["size"])
            return size / spent / 2**20

        async def limit() -> float:
            addresses = await granted(ingest, recordings)
            started = time.perf_counter()
            await downloaded(ingest, addresses)
            return size / (time.perf_counter() - started) / 2**20

        sides = await alternate(path, limit, rounds=ROUNDS)
        more = {
            "recordings": RECORDINGS,
            "audio_mib": round(size / 2**20, 1),
            "package_mib": round(packages[-1] / 2**20, 1),
            "dsar_cpu_seconds": round(packaging.cpu, 2),
            "dsar_peak_mib": round(packaging.peak_mib),
        }
        report("package", *sides, "MiB/s", more)


if __name__ == "__main__":
    uvloop.run(main())
