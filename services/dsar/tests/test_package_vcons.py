"""Each call in a package is a vCon that an outsider can check: what the file is, who is named, on which ground."""

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

from recital_vcon import Verdict, is_of, may_use, read_vcon

NOW = datetime(2026, 12, 1, tzinfo=UTC)
RIGHT_TO_LEFT = "abc\u202edcb"


async def package_of(office: Any, **changed: Any) -> zipfile.ZipFile:
    request, code = await office.reviewed(**changed)
    assert (await office.post(f"/{request}/decisions", {"all": True})).status_code == 200
    assert (await office.post(f"/{request}/package")).status_code == 202
    await office.until(request, "ready")
    return zipfile.ZipFile(io.BytesIO((await office.fetch(request, code)).content))


async def test_a_call_names_its_recording_by_hash_its_person_and_nobody_else(office: Any) -> None:
    # R21: the hash is that of the file beside it.
    package = await package_of(office)
    vcon = read_vcon(package.read(f"vcons/{office.call}.vcon"))
    conversation, recording = vcon["dialog"]
    assert recording["filename"] == f"audio/{office.recording}.wav"
    assert is_of(recording["content_hash"], package.read(recording["filename"]))
    assert recording["parties"] == [0, 1]
    customer, agent = vcon["parties"]
    assert (customer["tel"], customer["name"], customer["role"]) == ("+31612345678", "A. Person", "customer")
    assert agent == {"name": "anonymous", "type": "person", "role": "agent"}
    assert vcon["redacted"] == {"type": "rights_of_others"}
    assert conversation["parties"] == [0, 1]


async def test_the_ground_is_the_contracts_and_the_notice_proves_that_it_was_told(office: Any) -> None:
    # R21: how people were told beforehand.
    package = await package_of(office)
    vcon = read_vcon(package.read(f"vcons/{office.call}.vcon"))
    [attachment] = vcon["attachments"]
    [proof] = attachment["body"]["proof_mechanisms"]
    assert (attachment["party"], attachment["body"]["lawful_basis"]) == (0, "contract")
    assert proof["proof_type"] == "external_system"
    assert proof["proof_data"]["notice_text_sha256"] == hashlib.sha256(b"We record.").hexdigest()
    assert may_use(vcon, "contract_evidence", NOW) is Verdict.GRANTED
    assert may_use(vcon, "training", NOW) is Verdict.MISSING


def timeline(*entries: tuple[str, str | None, int]) -> list[dict[str, Any]]:
    start = datetime(2026, 11, 20, 10, tzinfo=UTC)
    return [
        {"kind": kind, "party": party, "at": (start + timedelta(seconds=after)).isoformat()}
        for kind, party, after in entries
    ]


async def test_what_a_party_said_and_did_is_told_as_it_was(office: Any) -> None:
    purposes = [
        {"key": "training", "version": 1, "basis": "consent"},
        {"key": "quality", "version": 2, "basis": "legitimate_interests"},
        {"key": "complaint", "version": 1, "basis": "consent"},
    ]
    told = [
        *timeline(("joined", "customer", 0), ("consent_given", "customer", 9), ("held", None, 20)),
        *timeline(("resumed", None, 30), ("objected", "customer", 40), ("left", "stranger", 50)),
    ]
    told[1]["purposes"], told[4]["purposes"] = ["training"], ["quality"]
    call = {"kind": "call", "id": office.call, "at": "2026-11-20T10:00:00Z", "ended_at": "2026-11-20T10:01:00Z"}
    office.part("consent", {**call, "parties": office.parties, "purposes": purposes, "timeline": told})
    office.part("ingest")
    package = await package_of(office)
    vcon = read_vcon(package.read(f"vcons/{office.call}.vcon"))
    assert {key: may_use(vcon, key, NOW) for key in ("training", "quality", "complaint")} == {
        "training": Verdict.GRANTED,
        "quality": Verdict.DENIED,
        "complaint": Verdict.DENIED,
    }
    [conversation] = vcon["dialog"]
    assert (conversation["duration"], conversation["recordings"]) == (60.0, [])
    events = [(each["party"], each["event"]) for each in conversation["party_history"]]
    assert events == [(0, "join"), (0, "hold"), (1, "hold"), (0, "unhold"), (1, "unhold")]
    consent = next(each["body"] for each in vcon["attachments"] if each["body"]["lawful_basis"] == "consent")
    assert consent["proof_mechanisms"][0]["proof_data"]["time_offset"] == "00:00:09"


async def test_a_portable_copy_is_what_rests_on_contract_or_consent_and_the_rest_is_named_with_its_reason(
    office: Any,
) -> None:
    office.part("retention", {"kind": "holding", "id": office.recording, "at": "2026-11-20T10:00:00Z"})
    package = await package_of(office, kind="portability", language="en")
    names = set(package.namelist())
    assert {f"audio/{office.recording}.wav", f"vcons/{office.call}.vcon", "data/consent.json"} <= names
    assert "data/retention.json" not in names
    facts = json.loads(package.read("data/request.json"))
    assert [(each["kind"], each["reason"]) for each in facts["withheld"]] == [("holding", "not_provided")]
    page = package.read("index.html").decode()
    assert "GDPR art. 20" in page
    assert "You did not provide this" in page


async def test_a_hostile_name_is_inert_in_the_vcon(office: Any) -> None:
    hostile = f'=HYPERLINK("x")<script>../../{RIGHT_TO_LEFT}'
    identity = {"kind": "identity", "id": office.asker, "name": hostile, "identifiers": []}
    call = {"kind": "call", "id": office.call, "at": "2026-11-20T10:00:00Z", "parties": office.parties}
    office.part("consent", identity, call)
    package = await package_of(office)
    vcon = read_vcon(package.read(f"vcons/{office.call}.vcon"))
    assert vcon["parties"][0]["name"] == hostile
    assert all(".." not in name and "<" not in name for name in package.namelist())


async def test_a_package_lives_as_long_as_the_tenant_says(office: Any) -> None:
    await office.change_tenant(package_retention="P7D")
    await package_of(office)
    (row,) = await office.rows("select ends_at - started_at as kept from packages")
    assert timedelta(days=7) <= row.kept < timedelta(days=7, minutes=5)
