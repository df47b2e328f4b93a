"""A company in the running house that records and answers requests: for tests through the four services."""

import io
import struct
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from recital_identity import Role
from recital_testing import eventually

RATE, SECONDS = 8000, 3
CUSTOMER, STAFF = 1111, 2222
ASKER, STRANGER = "+31612345678", "+31687654321"
NAME = "<b>Asker</b> =1+1"
EVIDENCE: dict[str, Any] = {
    "key": "contract_evidence",
    "title": "Evidence of what was agreed",
    "basis": {"kind": "contract", "document": "Terms 4"},
    "notices": {"nl": "Wij nemen dit gesprek op.", "en": "We record this call."},
    "retention": "P6M",
    "roles": ["case_handler"],
    "staff_safeguards": {"works_council": {"kind": "none_fewer_than_50"}},
}
QUALITY: dict[str, Any] = {
    **EVIDENCE,
    "key": "quality",
    "title": "Quality of our service",
    "basis": {"kind": "legitimate_interests", "document": "LIA-1", "outcome": "ours", "review_on": "2099-01-01"},
    "roles": ["reviewer"],
    "staff_safeguards": {
        "works_council": {"kind": "none_fewer_than_50"},
        "monitoring": "sampled",
        "sample": {"share_percent": 100, "cap_per_month": 50},
    },
}


def two_voices(seconds: int, rate: int) -> bytes:
    """A stereo WAV, 16 bit: one value all through per channel, so that a voice is known by a single sample."""
    frames = struct.pack("<hh", CUSTOMER, STAFF) * rate * seconds
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(frames), b"WAVE", b"fmt ", 16, 1, 2, rate, rate * 4, 4, 16)
    return head + struct.pack("<4sI", b"data", len(frames)) + frames


def samples(wav: bytes) -> tuple[set[int], set[int]]:
    """The values on each channel of a WAV."""
    data = wav[wav.index(b"data") + 8 :]
    both = struct.unpack(f"<{len(data) // 2}h", data[: len(data) // 4 * 4])
    return set(both[::2]), set(both[1::2])


@dataclass
class Company:
    """A tenant with a purpose, a line and a member of staff, whose calls are recorded."""

    house: Any
    tenant: Any
    source: str
    permits: dict[str, str] = field(default_factory=dict)
    """By recording, as they were given."""

    @property
    def officer(self) -> Any:
        return self.tenant.client("dsar", Role.PRIVACY_OFFICER)

    async def post(self, service: str, role: Role, path: str, body: Any) -> Any:
        answer = await self.tenant.client(service, role).post(path, json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def record(
        self,
        number: str,
        name: str,
        external_id: str,
        *,
        seconds: int = SECONDS,
        rate: int = RATE,
        email: str | None = None,
        purpose: str = EVIDENCE["key"],
    ) -> str:
        """Record one call with a customer and return the recording's id."""
        now: datetime = await self.house.read_clock()
        answered = now - timedelta(minutes=5)
        told = answered + timedelta(seconds=4)
        starts, ends = told + timedelta(milliseconds=200), told + timedelta(milliseconds=200, seconds=seconds)
        parties = [
            {"party": "customer", "kind": "customer", "type": "person", "number": number, "name": name}
            | ({"email": email} if email else {}),
            {"party": "agent", "kind": "staff", "type": "person", "staff_id": "agent-7"},
        ]
        wanted = {
            "external_id": external_id,
            "source": self.source,
            "direction": "inbound",
            "language": "nl",
            "purposes": [purpose],
            "parties": parties,
        }
        call = (await self.post("consent", Role.INTEGRATOR, "/v1/calls", wanted))["id"]
        notice = {
            "id": "notice",
            "kind": "notice_played",
            "party": "customer",
            "purposes": [purpose],
            "language": "nl",
            "started_at": answered.isoformat(),
            "at": told.isoformat(),
            "completed": True,
        }
        entries = [
            {"id": "answered", "kind": "answered", "at": answered.isoformat()},
            notice,
            {"id": "ended", "kind": "ended", "at": ends.isoformat()},
        ]
        await self.post("consent", Role.INTEGRATOR, f"/v1/calls/{call}/timeline", {"entries": entries})
        recorder = {
            "audio_started_at": starts.isoformat(),
            "audio_ended_at": ends.isoformat(),
            "channels": [{"channel": 0, "party": "customer"}, {"channel": 1, "party": "agent"}],
        }
        permit = (await self.post("consent", Role.INTEGRATOR, f"/v1/calls/{call}/permit", recorder))["permit"]
        sent = await self.tenant.client("ingest", Role.INTEGRATOR).post(
            "/v1/recordings",
            content=two_voices(seconds, rate),
            headers={"Recital-Permit": permit, "Content-Type": "audio/wav"},
        )
        assert sent.status_code == 201, sent.text
        self.permits[str(sent.json()["id"])] = permit
        return str(sent.json()["id"])

    async def ask(self, number: str, *, kind: str = "access") -> tuple[str, str]:
        """Take a request in, confirm who asks, and return its id and code."""
        wanted = {
            "kind": kind,
            "identifiers": [{"kind": "number", "value": number}],
            "channel": {"kind": "officer"},
            "language": "nl",
        }
        request = (await self.post("dsar", Role.PRIVACY_OFFICER, "/v1/requests", wanted))["id"]
        check = {"method": "documents", "outcome": "confirmed", "note": "Passport seen."}
        path = f"/v1/requests/{request}/identity"
        return request, (await self.post("dsar", Role.PRIVACY_OFFICER, path, check))["code"]

    async def reviewed(self, kind: str, address: str) -> str:
        """Take a request in that is answered by mail, confirm who asks, and return it when it is under review."""
        wanted = {
            "kind": kind,
            "identifiers": [{"kind": "email", "value": address}],
            "channel": {"kind": "email", "address": address},
            "language": "en",
        }
        request = str((await self.post("dsar", Role.PRIVACY_OFFICER, "/v1/requests", wanted))["id"])
        check = {"method": "documents", "outcome": "confirmed", "note": "Passport seen."}
        await self.post("dsar", Role.PRIVACY_OFFICER, f"/v1/requests/{request}/identity", check)
        await self.until(request, "review")
        return request

    async def until(self, request: str, state: str) -> Any:
        async def reached() -> Any:
            answer = await self.officer.get(f"/v1/requests/{request}")
            return answer.json() if answer.is_success and answer.json()["state"] == state else None

        return await eventually(reached, within=120, what=f"the request is {state}")

    async def package(self, request: str, code: str) -> zipfile.ZipFile:
        """Give everything, fetch the package as the person, and open it."""
        path = f"/v1/requests/{request}"
        await self.give(request)
        await self.until(request, "ready")
        client = await self.person(request, code)
        answer = await client.get(f"{path}/package")
        assert answer.status_code == 200, answer.text
        await self.until(request, "closed")
        again = await client.get(f"{path}/package")
        assert (again.status_code, again.json()["code"]) == (410, "package_delivered")
        return zipfile.ZipFile(io.BytesIO(answer.content))

    async def give(self, request: str) -> None:
        """Give every item and begin the package."""
        path = f"/v1/requests/{request}"
        await self.post("dsar", Role.PRIVACY_OFFICER, f"{path}/decisions", {"all": True, "decision": "give"})
        await self.post("dsar", Role.PRIVACY_OFFICER, f"{path}/package", None)

    async def person(self, request: str, code: str) -> Any:
        """Exchange the code and return a client of the person's own."""
        session = await self.officer.post(f"/v1/requests/{request}/session", json={"code": code})
        assert session.status_code == 200, session.text
        token: str = session.json()["token"]
        return self.house.client("dsar", lambda: token)

    async def publish(self, purpose: dict[str, Any]) -> None:
        """Publish a purpose that the member of staff was told of yesterday."""
        version = (await self.post("consent", Role.TENANT_ADMIN, "/v1/purposes", purpose))["version"]
        told_at = (await self.house.read_clock() - timedelta(days=1)).isoformat()
        told = {"staff_ids": ["agent-7"], "purpose": purpose["key"], "version": version, "notified_at": told_at}
        await self.post("consent", Role.TENANT_ADMIN, "/v1/staff/notices", told)


async def open_company(house: Any) -> Company:
    """Open a company in the running house, ready to record."""
    tenant = await house.open_tenant()
    made = Company(house, tenant, "")
    line = {"kind": "trunk", "name": "Main line"}
    made.source = (await made.post("consent", Role.TENANT_ADMIN, "/v1/sources", line))["id"]
    await made.post("consent", Role.TENANT_ADMIN, "/v1/staff", {"staff_id": "agent-7", "name": "Colleague"})
    await made.publish(EVIDENCE)

    async def known() -> bool:
        answer = await made.officer.get("/v1/requests")
        probe = await made.officer.get("/v1/alarms")
        return bool(answer.is_success and probe.is_success)

    await eventually(known)
    return made
