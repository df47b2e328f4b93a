"""A person asks through the four services: the package has all and only theirs, whoever is killed while it is made.

Everybody's data is marked: names, numbers and addresses with words of their own, voices with one sample value each.
"""

import io
import json
import struct
import zipfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest_asyncio
from recital_identity import Role
from recital_testing import eventually
from recital_testing.house import House, TestTenant
from recital_vcon import read_vcon

from demo.checking import conversations_of

RATE, SECONDS = 8_000, 2
ASKER, PARTNER, STRANGER = "+31612340001", "+31612340002", "+31612340003"
HOSTILE = '<img src=x onerror=alert(1)>=HYPERLINK("http://x")\u202e../../etc/passwd'
MARKS = {ASKER: HOSTILE, PARTNER: "marked-partner", STRANGER: "marked-stranger"}
VOICES = {ASKER: 1111, PARTNER: 2222, STRANGER: 3333, "staff": 4444}
FOREIGN = (PARTNER, STRANGER, "marked-partner", "marked-stranger", "marked-colleague", "marked-staff-id", "@marked")


def sound(values: list[int]) -> bytes:
    """A 16 bit WAV in which each channel has one value all through."""
    frames = struct.pack(f"<{len(values)}h", *values) * RATE * SECONDS
    width = 2 * len(values)
    form = struct.pack("<HHIIHH", 1, len(values), RATE, RATE * width, width, 16)
    head = struct.pack("<4sI4s4sI", b"RIFF", 36 + len(frames), b"WAVE", b"fmt ", len(form))
    return head + form + struct.pack("<4sI", b"data", len(frames)) + frames


def values_of(wav: bytes, channels: int) -> list[set[int]]:
    """The values on each channel of a 16 bit WAV."""
    data = wav[wav.index(b"data") + 8 :]
    every = struct.unpack(f"<{len(data) // 2}h", data)
    return [set(every[channel::channels]) for channel in range(channels)]


@dataclass
class Company:
    """A tenant in the running house whose calls are recorded, and who answers requests."""

    house: House
    tenant: TestTenant
    source: str = ""
    recorded: dict[str, list[str]] = field(default_factory=dict)

    async def post(self, service: str, role: Role, path: str, body: object) -> Any:
        answer = await self.tenant.client(service, role).post(path, json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def open(self) -> None:
        purpose = {
            "key": "contract_evidence",
            "title": "Evidence of what was agreed",
            "basis": {"kind": "contract", "document": "Terms 4"},
            "notices": {"nl": "Wij nemen dit gesprek op.", "en": "We record this call."},
            "retention": "P6M",
            "roles": ["case_handler"],
            "staff_safeguards": {"works_council": {"kind": "none_fewer_than_50"}},
        }
        admin = Role.TENANT_ADMIN
        version = (await self.post("consent", admin, "/v1/purposes", purpose))["version"]
        self.source = (await self.post("consent", admin, "/v1/sources", {"kind": "trunk", "name": "Main line"}))["id"]
        colleague = {"staff_id": "marked-staff-id", "name": "marked-colleague"}
        await self.post("consent", admin, "/v1/staff", colleague)
        told_at = (await self.house.read_clock() - timedelta(days=1)).isoformat()
        told = {"staff_ids": ["marked-staff-id"], "purpose": "contract_evidence", "notified_at": told_at}
        await self.post("consent", admin, "/v1/staff/notices", {**told, "version": version})

        async def known() -> bool:
            asked = [await self.tenant.client("dsar", Role.PRIVACY_OFFICER).get(path) for path in ("/v1/requests",)]
            return all(each.is_success for each in asked)

        await eventually(known)

    async def record(self, name: str, *numbers: str) -> str:
        """Record one call of these numbers with a member of staff, a channel each, and return the call's id."""
        now = await self.house.read_clock()
        answered = now - timedelta(minutes=5)
        told, starts = answered + timedelta(seconds=4), answered + timedelta(seconds=4, milliseconds=200)
        ends = starts + timedelta(seconds=SECONDS)
        people = [
            {"party": f"person-{place}", "kind": "third_party" if place else "customer", "type": "person"}
            | {
                "number": number,
                "name": MARKS[number],
                "email": f"person{place}@{'own' if number == ASKER else 'marked'}.example",
            }
            for place, number in enumerate(numbers)
        ]
        staff = {"party": "agent", "kind": "staff", "type": "person", "staff_id": "marked-staff-id"}
        wanted = {"external_id": name, "source": self.source, "direction": "inbound", "language": "nl"}
        parties = [*people, staff]
        body = {**wanted, "purposes": ["contract_evidence"], "parties": parties}
        call = str((await self.post("consent", Role.INTEGRATOR, "/v1/calls", body))["id"])
        notice = {"kind": "notice_played", "purposes": ["contract_evidence"], "language": "nl", "completed": True}
        entries = [
            {"id": "answered", "kind": "answered", "at": answered.isoformat()},
            {"id": "told", **notice, "started_at": answered.isoformat(), "at": told.isoformat()},
            {"id": "ended", "kind": "ended", "at": ends.isoformat()},
        ]
        await self.post("consent", Role.INTEGRATOR, f"/v1/calls/{call}/timeline", {"entries": entries})
        channels = [{"channel": place, "party": each["party"]} for place, each in enumerate(parties)]
        recorder = {"audio_started_at": starts.isoformat(), "audio_ended_at": ends.isoformat(), "channels": channels}
        permit = (await self.post("consent", Role.INTEGRATOR, f"/v1/calls/{call}/permit", recorder))["permit"]
        wav = sound([*(VOICES[number] for number in numbers), VOICES["staff"]])
        headers = {"Recital-Permit": permit, "Content-Type": "audio/wav"}
        sent = await self.tenant.client("ingest", Role.INTEGRATOR).post("/v1/recordings", content=wav, headers=headers)
        assert sent.status_code == 201, sent.text
        self.recorded[call] = [str(sent.json()["id"]), *numbers]
        return call

    async def ask(self) -> tuple[str, str]:
        """Take the request in, confirm who asks, and return its id and the code."""
        officer = Role.PRIVACY_OFFICER
        wanted = {
            "kind": "access",
            "identifiers": [{"kind": "number", "value": ASKER}],
            "channel": {"kind": "officer"},
            "language": "en",
        }
        request = str((await self.post("dsar", officer, "/v1/requests", wanted))["id"])
        check = {"method": "documents", "outcome": "confirmed", "note": "Passport seen."}
        return request, (await self.post("dsar", officer, f"/v1/requests/{request}/identity", check))["code"]

    async def show(self, request: str) -> Any:
        return (await self.tenant.client("dsar", Role.PRIVACY_OFFICER).get(f"/v1/requests/{request}")).json()

    async def until(self, request: str, state: str) -> Any:
        async def reached() -> Any:
            shown = await self.show(request)
            return shown if shown.get("state") == state else None

        return await eventually(reached, within=90, what=f"the request is {state}")

    async def fetch(self, request: str, code: str) -> Any:
        """Exchange the code and return the answer with the package; and that of whoever asks again."""
        opened = await self.tenant.client("dsar", Role.PRIVACY_OFFICER).post(
            f"/v1/requests/{request}/session", json={"code": code}
        )
        token = str(opened.json()["token"])
        person = self.house.client("dsar", lambda: token)
        answer = await person.get(f"/v1/requests/{request}/package")
        await self.until(request, "closed")
        return answer, await person.get(f"/v1/requests/{request}/package")


@dataclass(frozen=True)
class Answered:
    """A request that was answered: its package, what was seen while a service was away, and the dead link's answer."""

    company: Company
    blocked: list[dict[str, Any]]
    parts: list[dict[str, Any]]
    files: Mapping[str, bytes]
    again: Any


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def answered(house: House) -> AsyncIterator[Answered]:
    """Ingest is killed before it collects and dsar while it waits; then both run again and the request is answered."""
    company = Company(house, await house.open_tenant())
    await company.open()
    for name, numbers in (("own", [ASKER]), ("conference", [ASKER, PARTNER]), ("foreign", [STRANGER])):
        await company.record(name, *numbers)
    await house.kill("ingest")
    request, code = await company.ask()

    async def waits() -> Any:
        shown = await company.show(request)
        services = {each["service"] for each in shown["parts"] if each["state"] == "checked"}
        return shown["blocked_by"] if services == {"consent", "dsar", "retention"} else None

    blocked = await eventually(waits, within=60, what="only ingest's part is missing")
    await house.kill("dsar")
    await house.start_again("dsar")
    await house.start_again("ingest")
    review = await company.until(request, "review")
    path = f"/v1/requests/{request}"
    await company.post("dsar", Role.PRIVACY_OFFICER, f"{path}/decisions", {"all": True})
    await company.post("dsar", Role.PRIVACY_OFFICER, f"{path}/package", None)
    await company.until(request, "ready")
    answer, again = await company.fetch(request, code)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as package:
        assert package.testzip() is None
        files = {name: package.read(name) for name in package.namelist()}
    yield Answered(company, blocked, review["parts"], files, again)


async def test_a_service_killed_while_parts_are_collected_delays_the_request_visibly_and_no_more(
    answered: Answered,
) -> None:
    assert {"code": "part_missing", "service": "ingest", "count": None} in answered.blocked
    assert {each["state"] for each in answered.parts} == {"checked"}
    assert len(answered.parts) == 4


async def test_the_package_has_every_recording_of_the_person_and_no_other(answered: Answered) -> None:
    # R12, R15
    recordings = {each[0] for each in answered.company.recorded.values() if ASKER in each}
    sounds = {name for name in answered.files if name.startswith("audio/")}
    assert sounds == {f"audio/{each}.wav" for each in recordings}
    calls = {call for call, each in answered.company.recorded.items() if ASKER in each}
    assert {name for name in answered.files if name.startswith("vcons/")} == {f"vcons/{each}.vcon" for each in calls}
    listed = {name: json.loads(answered.files[f"data/{name}.json"])["items"] for name in ("consent", "ingest")}
    assert {each["id"] for each in listed["consent"] if each["kind"] == "call"} == calls
    assert {each["id"] for each in listed["ingest"]} == recordings


async def test_only_the_persons_own_voice_is_in_the_audio(answered: Answered) -> None:
    # R13
    for recording, *numbers in (each for each in answered.company.recorded.values() if ASKER in each):
        channels = values_of(answered.files[f"audio/{recording}.wav"], len(numbers) + 1)
        expected = [{VOICES[ASKER]} if number == ASKER else {0} for number in [*numbers, "staff"]]
        assert channels == expected


async def test_no_mark_of_anybody_else_is_anywhere_in_the_package(answered: Answered) -> None:
    everything = b"\n".join(content for name, content in answered.files.items() if not name.endswith(".wav")).decode()
    assert [mark for mark in FOREIGN if mark in everything] == []
    foreign = [each for call, each in answered.company.recorded.items() if ASKER not in each]
    assert not any(each[0] in everything for each in foreign)
    assert ASKER in everything
    assert "person0@own.example" in everything


async def test_a_hostile_name_is_inert_wherever_it_stands(answered: Answered) -> None:
    page = answered.files["index.html"].decode()
    assert HOSTILE not in page
    assert "&lt;img src=x" in page
    assert "<script" not in page
    assert all(".." not in name and not name.startswith("/") for name in answered.files)
    [identity] = [
        each for each in json.loads(answered.files["data/consent.json"])["items"] if each["kind"] == "identity"
    ]
    assert identity["name"] == HOSTILE


async def test_an_outsider_reads_each_call_with_its_recording_and_its_ground(answered: Answered) -> None:
    # R21
    told = conversations_of(answered.files)
    assert len(told) == 2
    for each in told:
        assert each.named == (HOSTILE,)
        assert len(each.recordings) == 1
        assert each.may_be_kept
    shared = [read_vcon(content) for name, content in answered.files.items() if name.startswith("vcons/")]
    assert sorted(len(each["parties"]) for each in shared) == [2, 3]


async def test_the_link_is_dead_once_the_package_is_delivered(answered: Answered) -> None:
    assert (answered.again.status_code, answered.again.json()["code"]) == (410, "package_delivered")
