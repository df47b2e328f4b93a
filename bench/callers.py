"""What a benchmark of audio needs before it can measure: a house, a tenant whose calls may be recorded, permits."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from recital_identity import Role
from recital_testing import eventually
from recital_testing.files import private_folder
from recital_testing.house import House, TestTenant

from bench.harness import FOLDER, PAGE, TICKS

PURPOSE = "contract"
RATE = 8_000
NOTICE_SECONDS = 2.2  # the notice and one guard after it
_numbers = count()


@dataclass(frozen=True, slots=True)
class Exchange:
    """A tenant's telephone exchange: it makes calls that are over, and asks permits for them."""

    house: House
    tenant: TestTenant
    source: str

    async def permit(self, seconds: int, *, held: bool = False) -> str:
        """Return a final permit for a recording of `seconds`; `held` leaves a tenth of it out."""
        ended = (await self.house.read_clock()).replace(microsecond=0) - timedelta(seconds=1)
        answered = ended - timedelta(seconds=seconds + NOTICE_SECONDS)
        consent = self.tenant.client("consent", Role.INTEGRATOR)
        said = await consent.post(
            "/v1/calls",
            json={
                "external_id": f"bench-{os.getpid()}-{next(_numbers)}",
                "source": self.source,
                "direction": "inbound",
                "language": "en",
                "purposes": [PURPOSE],
                "parties": [
                    {"party": "customer", "kind": "customer", "type": "person", "number": "+31201234567"},
                    {"party": "agent", "kind": "staff", "type": "person", "staff_id": "1001"},
                ],
            },
        )
        said.raise_for_status()
        call = said.json()["id"]
        told = answered + timedelta(seconds=2)
        entries: list[dict[str, Any]] = [
            {"id": "1", "kind": "answered", "at": answered.isoformat()},
            {"id": "2", "kind": "notice_played", "purposes": [PURPOSE], "language": "en", "completed": True}
            | {"started_at": answered.isoformat(), "at": told.isoformat()},
            {"id": "3", "kind": "ended", "at": ended.isoformat()},
        ]
        if held:
            middle = answered + timedelta(seconds=seconds / 2)
            entries.append({"id": "4", "kind": "held", "at": middle.isoformat()})
            entries.append({"id": "5", "kind": "resumed", "at": (middle + timedelta(seconds=seconds / 10)).isoformat()})
        (await consent.post(f"/v1/calls/{call}/timeline", json={"entries": entries})).raise_for_status()
        given = await consent.post(
            f"/v1/calls/{call}/permit",
            json={
                "audio_started_at": (answered + timedelta(seconds=NOTICE_SECONDS)).isoformat(),
                "audio_ended_at": ended.isoformat(),
                "channels": [{"channel": 0, "party": "customer"}, {"channel": 1, "party": "agent"}],
            },
        )
        given.raise_for_status()
        return str(given.json()["permit"])

    async def permits(self, number: int, seconds: int, *, held: bool = False) -> list[str]:
        """Return many permits, a few asked for at a time."""
        turns = asyncio.Semaphore(4)

        async def one() -> str:
            async with turns:
                return await self.permit(seconds, held=held)

        return await asyncio.gather(*(one() for _ in range(number)))

    @property
    def token(self) -> str:
        """Return the integrator's token."""
        return self.tenant.token(Role.INTEGRATOR)


@asynccontextmanager
async def exchange() -> AsyncIterator[Exchange]:
    """Start a house on disk with one tenant that may record; stop it."""
    house = House(private_folder(FOLDER / str(os.getpid())))
    await house.start()
    try:
        yield await opened(house)
    finally:
        await house.stop()


async def opened(house: House) -> Exchange:
    """Open a tenant with a purpose, a source and a member of staff, and return who sends its calls."""
    tenant = await house.open_tenant()
    admin = tenant.client("consent", Role.TENANT_ADMIN)
    purpose = {
        "key": PURPOSE,
        "title": "Evidence of what was ordered",
        "basis": {"kind": "contract", "document": "General terms, article 4"},
        "notices": {"nl": "Dit gesprek wordt opgenomen.", "en": "This call is recorded."},
        "retention": "P6M",
        "roles": ["case_handler"],
        "hold_suppressed": True,
        "staff_safeguards": {"works_council": {"kind": "none_fewer_than_50"}},
    }
    published = (await admin.post("/v1/purposes", json=purpose)).raise_for_status().json()
    source = (await admin.post("/v1/sources", json={"kind": "trunk", "name": "Main line"})).raise_for_status().json()
    (await admin.post("/v1/staff", json={"staff_id": "1001", "bot": False})).raise_for_status()
    told_at = (house.clock.now() - timedelta(days=1)).isoformat()
    told = {"staff_ids": ["1001"], "purpose": PURPOSE, "version": published["version"], "notified_at": told_at}
    (await admin.post("/v1/staff/notices", json=told)).raise_for_status()
    made = Exchange(house, tenant, source["id"])

    async def known() -> bool:
        """Ingest has heard of the tenant."""
        headers = {"Recital-Permit": await made.permit(10), "Content-Type": "audio/wav"}
        answer = await tenant.client("ingest", Role.INTEGRATOR).post("/v1/recordings", content=b"", headers=headers)
        return answer.status_code not in {401, 403, 503}

    await eventually(known)
    return made


def wav(seconds: int, *, seed: int = 1) -> bytes:
    """Return a stereo mu-law WAV of noise: no store can compress it."""
    samples = np.random.default_rng(seed).bytes(seconds * RATE * 2)
    return wav_header(len(samples)) + samples


def wav_header(size: int) -> bytes:
    """Return the header of a stereo mu-law WAV of `size` bytes of samples."""
    form = struct.pack("<4sIHHIIHHH", b"fmt ", 18, 7, 2, RATE, RATE * 2, 2, 8, 0)
    return struct.pack("<4sI4s", b"RIFF", 4 + len(form) + 8 + size, b"WAVE") + form + struct.pack("<4sI", b"data", size)


def cpu_seconds(pid: int) -> float:
    """Return what a process has computed so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mib(pid: int) -> float:
    """Return a process's resident memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 2**20
