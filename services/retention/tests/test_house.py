"""Retention among the four running services: what consent and ingest announce ends, is destroyed there, and proved."""

import base64
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from recital_identity import KeySet, Role, TokenKind, read
from recital_ledger import Entry, read_checkpoint, verify_inclusion
from recital_testing import eventually
from recital_vault import ObjectStore

from services.retention.tests.stubborn_store import stubborn

AGENT, PURPOSE = "1001", "order_evidence"


def stereo_wav(seconds: int) -> bytes:
    """Two channels of 16-bit PCM at 8 kHz, each with its own square wave."""
    frames = b"".join(
        struct.pack("<hh", 900 * (-1) ** (n // 20), 700 * (-1) ** (n // 9)) for n in range(8_000 * seconds)
    )
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(frames),
        b"WAVE",
        b"fmt ",
        16,
        1,
        2,
        8_000,
        32_000,
        4,
        16,
        b"data",
        len(frames),
    )
    return head + frames


class Office:
    """A tenant with a purpose of one month, a source and a member of staff, and who asks on its behalf."""

    def __init__(self, house: Any, tenant: Any) -> None:
        self.house, self.tenant = house, tenant
        self.integrator = tenant.client("consent", Role.INTEGRATOR)
        self.ingest = tenant.client("ingest", Role.INTEGRATOR)
        self.officer = tenant.client("retention", Role.PRIVACY_OFFICER)
        self.counsel = tenant.client("retention", Role.LEGAL_COUNSEL)
        self.agent: UUID | None = None

    async def prepare(self) -> None:
        admin = self.tenant.client("consent", Role.TENANT_ADMIN)
        published = await admin.post(
            "/v1/purposes",
            json={
                "key": PURPOSE,
                "title": "Evidence of orders",
                "basis": {"kind": "contract", "document": "terms-2026"},
                "notices": {"nl": "Wij nemen dit gesprek op.", "en": "We record this call."},
                "retention": "P1M",
                "roles": ["case_handler"],
                "staff_safeguards": {"works_council": {"kind": "none_fewer_than_50"}},
            },
        )
        assert published.status_code == 201, published.text
        self.source = (await admin.post("/v1/sources", json={"kind": "trunk", "name": "Main line"})).json()["id"]
        staff = await admin.post("/v1/staff", json={"staff_id": AGENT, "name": "Employee"})
        self.agent = UUID(staff.json()["subject"])
        before = (await self.now() - timedelta(hours=1)).isoformat()
        told = {"staff_ids": [AGENT], "purpose": PURPOSE, "version": 1, "notified_at": before}
        assert (await admin.post("/v1/staff/notices", json=told)).status_code == 201

    async def now(self) -> datetime:
        return datetime.fromisoformat((await self.integrator.get("/livez")).json()["now"])

    async def call(self, external_id: str) -> str:
        answer = await self.integrator.post(
            "/v1/calls",
            json={
                "external_id": external_id,
                "source": self.source,
                "direction": "inbound",
                "language": "nl",
                "purposes": [PURPOSE],
                "parties": [
                    {"party": "customer", "kind": "customer", "type": "person", "number": "06 12345678"},
                    {"party": "agent", "kind": "staff", "type": "person", "staff_id": AGENT},
                ],
            },
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def recording(self, external_id: str) -> tuple[str, str]:
        """A call that was answered, announced, ended a moment ago, and its recording."""
        call, end = await self.call(external_id), await self.now()
        start = end - timedelta(seconds=6)
        entries = [
            {"id": "a", "kind": "answered", "at": start.isoformat()},
            {
                "id": "n",
                "kind": "notice_played",
                "party": "customer",
                "purposes": [PURPOSE],
                "completed": True,
                "started_at": (start + timedelta(seconds=1)).isoformat(),
                "at": (start + timedelta(seconds=2)).isoformat(),
            },
            {"id": "e", "kind": "ended", "at": end.isoformat()},
        ]
        told = await self.integrator.post(f"/v1/calls/{call}/timeline", json={"entries": entries})
        assert told.status_code == 200, told.text
        permit = await self.integrator.post(
            f"/v1/calls/{call}/permit",
            json={
                "audio_started_at": (start + timedelta(seconds=3)).isoformat(),
                "audio_ended_at": end.isoformat(),
                "channels": [{"channel": 0, "party": "customer"}, {"channel": 1, "party": "agent"}],
            },
        )
        assert permit.status_code == 201, permit.text
        headers = {"Recital-Permit": permit.json()["permit"], "Content-Type": "audio/wav"}
        stored = await self.ingest.post("/v1/recordings", content=stereo_wav(3), headers=headers)
        assert stored.status_code == 201, stored.text
        return call, str(stored.json()["id"])

    async def until(self, holding: str, state: str) -> dict[str, Any]:
        async def reached() -> dict[str, Any] | None:
            answer = await self.officer.get(f"/v1/holdings/{holding}")
            return answer.json() if answer.status_code == 200 and answer.json()["state"] == state else None

        return await eventually(reached, within=30, what=f"a holding is {state}")


@pytest_asyncio.fixture(loop_scope="session")
async def office(house: Any) -> Office:
    made = Office(house, await house.open_tenant())
    await made.prepare()
    return made


async def test_a_call_never_recorded_is_erased_by_consent_and_certified_after_a_month(office: Office) -> None:
    call = await office.call("never-recorded")
    await office.until(call, "retained")
    await office.house.advance_clock("P1M1D")
    erased = await office.until(call, "erased")
    answer = (await office.officer.get(f"/v1/certificates/{erased['certificate']}")).json()
    keys = KeySet.from_jwks((await office.officer.get("/.well-known/jwks.json")).json(), "certificate")
    claims = read(TokenKind.CERTIFICATE, answer["certificate"], keys)
    assert (claims["holding"], claims["kind"], claims["ground"]) == (call, "call", "retention_ended")
    assert all(place["absent_at"] for place in claims["places"])
    # The caller's identity went with the last holding that needed it; the member of staff's did not.
    identities = (await office.officer.get("/v1/holdings?kind=identity")).json()["items"]
    states = {each["id"]: each["state"] for each in identities}
    assert states.pop(str(office.agent)) == "retained"
    [customer] = states
    await office.until(customer, "erased")


async def test_a_recording_goes_everywhere_when_its_clock_ends_and_is_gone_for_its_listeners(office: Office) -> None:
    call, recording = await office.recording("recorded")
    shown = await office.until(recording, "retained")
    assert {place["kind"] for place in shown["places"]} == {"object", "key", "rows"}
    listener = office.tenant.client("retention", Role.CASE_HANDLER)
    clocks = (await listener.get(f"/v1/recordings/{recording}/clocks")).json()
    assert [(each["key"], each["expired"]) for each in clocks["clocks"]] == [(PURPOSE, False)]

    await office.house.advance_clock("P1M1D")
    erased = await office.until(recording, "erased")
    assert all(place["absent_at"] for place in erased["places"])
    assert (await listener.get(f"/v1/recordings/{recording}/clocks")).status_code == 410
    assert (await office.ingest.get(f"/v1/recordings/{recording}")).status_code == 410
    await office.until(call, "erased")

    async def nothing_open() -> bool:
        return not (await office.officer.get("/v1/orders")).json()["items"]

    await eventually(nothing_open, what="no erasure is open")


async def test_a_held_recording_outlives_its_clock_until_the_hold_is_released(office: Office) -> None:
    call, recording = await office.recording("held")
    await office.until(recording, "retained")
    wanted = {"reason": "claim", "matter": "matter 7", "review_on": "2030-01-01", "recordings": [recording]}
    placed = await office.counsel.post("/v1/holds", json=wanted)
    assert placed.status_code == 201, placed.text
    await office.house.advance_clock("P1M1D")
    kept = await office.until(recording, "due")
    assert kept["kept_by"] == ["held"]
    assert (await office.ingest.get(f"/v1/recordings/{recording}")).status_code == 200
    released = await office.counsel.post(f"/v1/holds/{placed.json()['id']}/release", json={"reason": "settled"})
    assert released.status_code == 200
    await office.until(recording, "erased")
    await office.until(call, "erased")


async def test_retention_killed_in_the_middle_of_erasures_finishes_them(office: Office) -> None:
    made = [await office.recording(f"killed-{number}") for number in range(4)]
    for _, recording in made:
        await office.until(recording, "retained")
    await office.house.advance_clock("P1M1D")
    for _ in range(3):
        await office.house.kill("retention")
        await office.house.start_again("retention")
    for call, recording in made:
        await office.until(recording, "erased")
        await office.until(call, "erased")


async def in_ledger(office: Office, entry: str) -> bool:
    """Whether an auditor can prove that an entry is in the signed erasure ledger."""
    auditor = office.tenant.client("retention", Role.AUDITOR)

    async def receipt() -> Any:
        answer = await auditor.get(f"/v1/ledgers/erasure/entries/{entry}/receipt")
        return answer.json() if answer.status_code == 200 else None

    said = await eventually(receipt, what="the ledger has a place for a certificate")
    keys = KeySet.from_jwks((await auditor.get("/.well-known/jwks.json")).json(), "checkpoint")
    signed = {kid: key for kid, key in keys.items() if isinstance(key, Ed25519PublicKey)}
    root = read_checkpoint(said["checkpoint"], signed).root
    facts, proof = said["entry"], [base64.b64decode(each) for each in said["proof"]]
    leaf = Entry.read({name: value for name, value in facts.items() if name != "position"}).leaf_hash()
    return verify_inclusion(leaf, facts["position"], said["size"], proof, root)


@asynccontextmanager
async def ingest_before(house: Any, endpoint: str) -> AsyncIterator[None]:
    """Let ingest reach its store at another address for a while."""
    process = house.service("ingest").process
    usual = process.environment
    await house.kill("ingest")
    process.environment = {**usual, "RECITAL_INGEST_OBJECT_ENDPOINT": endpoint}
    await house.start_again("ingest")
    try:
        yield
    finally:
        await house.kill("ingest")
        process.environment = usual
        await house.start_again("ingest")


async def test_a_store_that_fails_for_one_place_keeps_that_erasure_open_and_visible_until_it_heals(
    office: Office,
) -> None:
    async with stubborn(office.house.servers.objects.endpoint) as store, ingest_before(office.house, store.endpoint):
        (_, kept), (_, gone) = [await office.recording(f"stubborn-{number}") for number in range(2)]
        await office.until(gone, "retained")
        places = (await office.until(kept, "retained"))["places"]
        listener = office.tenant.client("ingest", Role.CASE_HANDLER)
        granted = await listener.post(f"/v1/recordings/{kept}/grants", json={"purpose": PURPOSE, "reason": "why"})
        playback = f"/v1/recordings/{kept}/audio?grant={granted.json()['id']}"
        objects, keys = ([each["id"] for each in places if each["kind"] == kind] for kind in ("object", "key"))
        store.kept = {objects[0]}
        await office.house.advance_clock("P1M1D")
        await office.until(gone, "erased")

        async def stuck() -> Any:
            open_orders = (await office.officer.get("/v1/orders")).json()["items"]
            [mine] = [each for each in open_orders if each["holding"] == kept]
            return mine if mine["stuck_since"] else None

        shown = await eventually(stuck, within=30, what="the order says what is in its way")
        assert shown["stuck_cause"] == "object_store_refuses"
        alarms = {each["kind"]: each["about"] for each in (await office.officer.get("/v1/alarms")).json()["items"]}
        assert alarms["erasure_stuck"] == kept
        # However long it takes, it is tried, and stays open and grows older.
        tried = store.refused
        await office.house.advance_clock("P1D")

        async def again() -> bool:
            return store.refused > tried and (await stuck())["age_seconds"] > timedelta(days=1).total_seconds()

        await eventually(again, within=30, what="it is tried again")
        assert (await office.officer.get(f"/v1/holdings/{kept}")).json()["certificate"] is None
        store.kept = set()
        await office.house.advance_clock("PT1H")
        erased = await office.until(kept, "erased")
        answer = (await office.officer.get(f"/v1/certificates/{erased['certificate']}")).json()
        named = {(each["kind"], each["id"]) for each in answer["claims"]["places"]}
        assert {(each["kind"], each["id"]) for each in places} <= named
        assert await in_ledger(office, answer["ledger_entry"])
        assert await nothing_is_left(office.house, objects, keys)
        assert (await listener.get(playback)).status_code == 410


async def nothing_is_left(house: Any, objects: Sequence[str], keys: Sequence[str]) -> bool:
    """Whether the store has no version of these objects and the key store no row of these keys: none unwraps."""
    store = await ObjectStore.open(house.servers.objects.settings())
    wrapped = await house.servers.postgres.connect("keys")
    try:
        rows = await wrapped.fetchval(
            "select count(*) from ingest.data_keys where id = any($1::uuid[])", [UUID(each) for each in keys]
        )
        return rows == 0 and all([await store.absent(each) for each in objects])
    finally:
        store.close()
        await wrapped.close()


async def objects_of_ingest(store: ObjectStore) -> set[str]:
    return set(await store.list_keys("ingest/"))


async def test_after_a_certificate_no_key_is_left_no_copy_either_playback_is_410_and_the_ledger_verifies(
    office: Office,
) -> None:
    store = await ObjectStore.open(office.house.servers.objects.settings())
    try:
        before = await objects_of_ingest(store)
        _, recording = await office.recording("proved")
        await office.until(recording, "retained")
        # A copy beside the audio: whatever kind of copy is made and not registered would be left by its erasure.
        listener = office.tenant.client("ingest", Role.CASE_HANDLER)
        granted = await listener.post(f"/v1/recordings/{recording}/grants", json={"purpose": PURPOSE, "reason": "why"})
        playback = f"/v1/recordings/{recording}/audio?grant={granted.json()['id']}"
        assert (await listener.get(playback)).status_code == 200
        drawn = await listener.get(f"/v1/recordings/{recording}/waveform?grant={granted.json()['id']}")
        assert drawn.status_code == 200, drawn.text
        made = await objects_of_ingest(store) - before
        assert len(made) == 3
        await office.house.advance_clock("P1M1D")
        erased = await office.until(recording, "erased")
        proved = {kind: [e["id"] for e in erased["places"] if e["kind"] == kind] for kind in ("object", "key")}
        assert made <= set(proved["object"])
        # What was there before may have gone as well: its own time moved too.
        assert not await objects_of_ingest(store) - before
        assert await nothing_is_left(office.house, proved["object"], proved["key"])
        assert (await listener.get(playback)).status_code == 410
        answer = (await office.officer.get(f"/v1/certificates/{erased['certificate']}")).json()
        assert await in_ledger(office, answer["ledger_entry"])
    finally:
        store.close()


async def test_a_call_that_consent_has_and_never_announced_is_found(office: Office) -> None:
    call = await office.call("announced")
    await office.until(call, "retained")
    consent = await office.house.servers.postgres.connect("consent")
    try:
        await consent.execute(
            "insert into calls select (jsonb_populate_record(c, jsonb_build_object('id', recital_id()))).* from calls c"
            " where id = $1",
            UUID(call),
        )
    finally:
        await consent.close()
    await office.house.advance_clock("PT2H")

    async def found() -> bool:
        alarms = (await office.officer.get("/v1/alarms")).json()["items"]
        return any(each["kind"] == "holding_unannounced" and "kind call" in each["detail"] for each in alarms)

    await eventually(found, within=30, what="the sweep finds it")
