"""A tenant among the four real services, its telephone exchange, and the calls it makes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from recital_identity import Role
from recital_ingest.model.sound import Encoding, Sound
from recital_testing import eventually
from recital_testing.house import House, TestTenant

MakeWav = Callable[..., bytes]
MakeSamples = Callable[..., bytes]
STEREO = Sound(Encoding.MU_LAW, 2, 8_000)
PURPOSE = "contract"


@dataclass
class Caller:
    """A tenant with a purpose, a source and a told member of staff, and its telephone exchange."""

    house: House
    tenant: TestTenant
    source: str

    def client(self, service: str, role: Role) -> httpx.AsyncClient:
        return self.tenant.client(service, role)

    async def call(self, seconds: float = 10) -> tuple[str, datetime, datetime]:
        """A call that is over: its notice took the first two seconds. Returns id, answer and end."""
        ended = (await self.house.read_clock()).replace(microsecond=0) - timedelta(seconds=1)
        answered = ended - timedelta(seconds=seconds + 2.2)
        consent = self.client("consent", Role.INTEGRATOR)
        said = await consent.post(
            "/v1/calls",
            json={
                "external_id": f"call-{ended.timestamp()}-{id(ended)}",
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
        assert said.status_code == 201, said.text
        call = str(said.json()["id"])
        notice = answered + timedelta(seconds=2)
        await self.log(
            call,
            {"id": "1", "kind": "answered", "at": answered.isoformat()},
            {
                "id": "2",
                "kind": "notice_played",
                "party": "customer",
                "purposes": [PURPOSE],
                "language": "en",
                "started_at": answered.isoformat(),
                "at": notice.isoformat(),
                "completed": True,
            },
            {"id": "3", "kind": "ended", "at": ended.isoformat()},
        )
        return call, notice + timedelta(milliseconds=200), ended

    async def log(self, call: str, *entries: dict[str, Any]) -> None:
        consent = self.client("consent", Role.INTEGRATOR)
        said = await consent.post(f"/v1/calls/{call}/timeline", json={"entries": list(entries)})
        assert said.status_code == 200, said.text

    async def permit(self, seconds: float = 10) -> tuple[str, str]:
        """A final permit for a recorder that started one guard after the notice; and its call."""
        call, starts, ends = await self.call(seconds)
        said = await self.client("consent", Role.INTEGRATOR).post(
            f"/v1/calls/{call}/permit",
            json={
                "audio_started_at": starts.isoformat(),
                "audio_ended_at": ends.isoformat(),
                "channels": [{"channel": 0, "party": "customer"}, {"channel": 1, "party": "agent"}],
            },
        )
        assert said.status_code == 201, said.text
        return str(said.json()["permit"]), call

    async def send(self, permit: str, body: Any, **headers: str) -> httpx.Response:
        return await self.client("ingest", Role.INTEGRATOR).post(
            "/v1/recordings",
            content=body,
            headers={"Recital-Permit": permit, "Content-Type": "audio/wav", **headers},
        )

    async def stored(self, body: bytes, seconds: float = 10) -> dict[str, Any]:
        permit, _ = await self.permit(seconds)
        answer = await self.send(permit, body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def granted(self, recording: str) -> httpx.Response:
        """A grant; retention has to have heard of the recording first."""
        listener = self.client("ingest", Role.CASE_HANDLER)

        async def asked() -> httpx.Response | None:
            wish = {"purpose": PURPOSE, "reason": "a complaint"}
            answer = await listener.post(f"/v1/recordings/{recording}/grants", json=wish)
            return None if answer.status_code == 503 else answer

        return await eventually(asked)

    async def left(self) -> int:
        """How many objects and open uploads ingest has in the store."""
        from recital_vault import ObjectStore  # noqa: PLC0415

        store = await ObjectStore.open(self.house.servers.objects.settings())
        count = len(await store.list_keys("ingest/")) + len(await store.open_uploads("ingest/"))
        store.close()
        return count


@pytest_asyncio.fixture(loop_scope="session")
async def caller(house: House) -> Caller:
    await house.read_clock()
    tenant = await house.open_tenant()
    admin = tenant.client("consent", Role.TENANT_ADMIN)
    published = await admin.post(
        "/v1/purposes",
        json={
            "key": PURPOSE,
            "title": "Evidence of what was ordered",
            "basis": {"kind": "contract", "document": "General terms, article 4"},
            "notices": {"nl": "Dit gesprek wordt opgenomen.", "en": "This call is recorded."},
            "retention": "P6M",
            "roles": ["case_handler"],
            "hold_suppressed": True,
            "staff_safeguards": {"works_council": {"kind": "none_fewer_than_50"}},
        },
    )
    assert published.status_code == 201, published.text
    source = await admin.post("/v1/sources", json={"kind": "trunk", "name": "Main line"})
    assert source.status_code == 201, source.text
    assert (await admin.post("/v1/staff", json={"staff_id": "1001", "bot": False})).status_code == 201
    told = await admin.post(
        "/v1/staff/notices",
        json={
            "staff_ids": ["1001"],
            "purpose": PURPOSE,
            "version": published.json()["version"],
            "notified_at": (house.clock.now() - timedelta(days=1)).isoformat(),
        },
    )
    assert told.status_code == 201, told.text
    made = Caller(house, tenant, source.json()["id"])

    async def known() -> bool:
        """Ingest has heard of the tenant."""
        answer = await made.send((await made.permit())[0], b"")
        return answer.status_code != 503

    await eventually(known)
    return made


@pytest.fixture(scope="session")
def call_of(wav: MakeWav, samples: MakeSamples) -> Callable[..., bytes]:
    def make(seconds: int = 10, sound: Sound = STEREO) -> bytes:
        return wav(sound, samples(sound, seconds * sound.rate), before=((b"LIST", b"abc"),), after=((b"bext", b"x"),))

    return make
