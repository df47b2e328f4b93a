"""Rights other than a copy, through the four real services: each reaches its owner and is seen to take effect there.

And what must never happen: a stranger's identifiers that find somebody, a failing collection that nobody sees.
"""

import asyncio
import io
import json
import zipfile
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest_asyncio
from recital_identity import Role
from recital_testing import eventually

from services.dsar.tests.company import EVIDENCE, QUALITY, Company, open_company

OFFICER = Role.PRIVACY_OFFICER
CORRECTION = '<b>The amount</b> was 40, not 14. =HYPERLINK("http://x")'


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def company(house: Any) -> Company:
    """One company for all tests of this file, each with a person of its own."""
    made = await open_company(house)
    await made.publish(QUALITY)
    return made


def address_of(word: str, company: Company) -> str:
    return f"{word}.{company.tenant.id}@mailed.example"


async def stands(company: Company, recording: str) -> Any:
    """What consent says of the permit under which a recording was taken in."""
    return await company.post("consent", Role.INTEGRATOR, "/v1/permits/verify", {"permit": company.permits[recording]})


async def heard(company: Company, recording: str) -> int | str:
    """How ingest answers a reviewer who wants to hear it: a status, or the code of the refusal."""
    client = company.tenant.client("ingest", Role.REVIEWER)
    wish = {"purpose": QUALITY["key"], "reason": "A review."}
    answer = await client.post(f"/v1/recordings/{recording}/grants", json=wish)
    return answer.status_code if answer.is_success else str(answer.json()["code"])


async def until_heard(company: Company, recording: str, *ends: int | str) -> None:
    answers: list[int | str] = []

    async def so() -> bool:
        answers.append(await heard(company, recording))
        return answers[-1] in ends

    try:
        await eventually(so, within=60)
    except AssertionError:
        raise AssertionError(f"whoever wants to listen gets {answers[-1]}, not {ends}") from None


async def test_a_correction_stands_beside_the_recording_and_nothing_of_it_is_edited(company: Company) -> None:
    address = address_of("correct", company)
    recording = await company.record("+31612340011", "Corrected", "to correct", email=address)
    before = (await company.tenant.client("ingest", OFFICER).get(f"/v1/recordings/{recording}")).json()
    request = await company.reviewed("rectification", address)
    path = f"/v1/requests/{request}"
    decision = {"filter": {"kind": "recording"}, "decision": "rectify", "article": "16", "wording": CORRECTION}
    await company.post("dsar", OFFICER, f"{path}/decisions", decision)
    await company.post("dsar", OFFICER, f"{path}/measures", None)
    listener = company.tenant.client("ingest", Role.CASE_HANDLER)

    async def annotated() -> Any:
        return (await listener.get(f"/v1/recordings/{recording}/annotations")).json()["items"] or None

    (shown,) = await eventually(annotated, within=60, what="the correction stands beside the recording")
    assert (shown["kind"], shown["text"], shown["author"]) == ("rectification", CORRECTION, "dsar")
    await company.house.servers.mail.mail(address, "Our decision", within=60)
    await company.until(request, "closed")
    after = (await company.tenant.client("ingest", OFFICER).get(f"/v1/recordings/{recording}")).json()
    assert {name: after[name] for name in ("received_sha256", "tracks", "spans")} == {
        name: before[name] for name in ("received_sha256", "tracks", "spans")
    }


async def test_a_correction_of_a_call_stands_beside_it_and_the_person_sees_it_once(company: Company) -> None:
    address, number = address_of("spoken", company), "+31612340017"
    await company.record(number, "Spoken", "spoken", email=address)
    request = await company.reviewed("rectification", address)
    path = f"/v1/requests/{request}"
    items = (await company.officer.get(f"{path}/items?kind=call")).json()["items"]
    (call,) = [each["thing"] for each in items if each["service"] == "consent"]
    for kind, words in (("call", CORRECTION), ("identity", "It is spelt Spoke.")):
        decision = {"filter": {"kind": kind}, "decision": "rectify", "article": "16", "wording": words}
        await company.post("dsar", OFFICER, f"{path}/decisions", decision)
    await company.post("dsar", OFFICER, f"{path}/measures", None)
    reader = company.tenant.client("consent", OFFICER)

    async def corrected() -> Any:
        return (await reader.get(f"/v1/calls/{call}")).json()["rectifications"] or None

    (shown,) = await eventually(corrected, within=60, what="the correction stands beside the call")
    assert shown["text"] == CORRECTION
    await company.until(request, "closed")
    copy, code = await company.ask(number)
    await company.until(copy, "review")
    package = await company.package(copy, code)
    given = {each["kind"]: each for each in json.loads(package.read("data/consent.json"))["items"]}
    assert [each["text"] for each in given["call"]["rectifications"]] == [CORRECTION]
    assert [each["text"] for each in given["identity"]["rectifications"]] == ["It is spelt Spoke."]
    data = [package.read(name).decode() for name in package.namelist() if name.startswith("data/")]
    assert sum(each.count(json.dumps(CORRECTION)[1:-1]) for each in data) == 1
    page = package.read("index.html").decode()
    assert "Verbeteringen / Corrections" in page
    assert "&lt;b&gt;The amount&lt;/b&gt; was 40, not 14." in page
    await the_correction_goes_with_its_call(company, address, call)


async def the_correction_goes_with_its_call(company: Company, address: str, call: str) -> None:
    """R14: the key of a correction is one of the places that the call's certificate proves empty."""
    consent = await company.house.servers.postgres.connect("consent")
    try:
        sealed_with = "select key_id from rectifications where holding_id = $1"
        key = await consent.fetchval(sealed_with, UUID(call))
        request = await company.reviewed("erasure", address)
        path = f"/v1/requests/{request}"
        decision = {"all": True, "decision": "erase", "article": "17(1)(b)"}
        await company.post("dsar", OFFICER, f"{path}/decisions", decision)
        await company.post("dsar", OFFICER, f"{path}/measures", None)
        await company.until(request, "closed")
        measures = (await company.officer.get(f"{path}/measures")).json()
        (certificate,) = {each["certificate"] for each in measures if each["holding"] == call}
        retention = company.tenant.client("retention", OFFICER)
        claims = (await retention.get(f"/v1/certificates/{certificate}")).json()["claims"]
        assert ("key", str(key)) in {(each["kind"], each["id"]) for each in claims["places"]}
        assert await consent.fetchval(sealed_with, UUID(call)) is None
    finally:
        await consent.close()


async def test_an_objection_suspends_at_once_and_its_decision_gives_back_or_takes_away(company: Company) -> None:
    async def objects(word: str, number: str, outcome: str) -> str:
        """Bring an objection to its decision, seeing it suspended before; return the recording."""
        address = address_of(word, company)
        recording = await company.record(number, word, word, email=address, purpose=QUALITY["key"])
        await until_heard(company, recording, 201)
        request = await company.reviewed("objection", address)
        await until_heard(company, recording, "permit_suspended")
        standing = await stands(company, recording)
        assert (standing["stands"], standing["suspended"]) == (False, True)
        # R12: whoever objects is not kept from a copy by it.
        listen = {"purpose": "subject_request", "reason": "Their own copy.", "request": request}
        await company.post("ingest", OFFICER, f"/v1/recordings/{recording}/grants", listen)
        ruling = {"outcome": outcome, "ground": "It was weighed."}
        await company.post("dsar", OFFICER, f"/v1/requests/{request}/objection", ruling)
        await company.house.servers.mail.mail(address, "Our decision", within=60)
        return recording

    rejected, upheld = await asyncio.gather(
        objects("rejected", "+31612340012", "rejected"), objects("upheld", "+31612340013", "upheld")
    )
    await until_heard(company, rejected, 201)
    assert (await stands(company, rejected))["stands"]
    await until_heard(company, upheld, "nothing_remains", "clock_expired", "recording_erased")
    standing = await stands(company, upheld)
    assert (standing["stands"], standing["suspended"]) == (False, False)


async def test_only_what_rests_on_contract_or_consent_is_carried_over(company: Company) -> None:
    number = "+31612340014"
    contract = await company.record(number, "Carried", "carried")
    interests = await company.record(number, "Carried", "not carried", purpose=QUALITY["key"])
    request, code = await company.ask(number, kind="portability")
    await company.until(request, "review")
    path = f"/v1/requests/{request}"
    await company.post("dsar", OFFICER, f"{path}/decisions", {"all": True})
    await company.post("dsar", OFFICER, f"{path}/package", None)
    await company.until(request, "ready")
    answer = await (await company.person(request, code)).get(f"{path}/package")
    package = zipfile.ZipFile(io.BytesIO(answer.content))
    assert {each for each in package.namelist() if each.startswith("audio/")} == {f"audio/{contract}.wav"}
    calls = [each for each in json.loads(package.read("data/consent.json"))["items"] if each["kind"] == "call"]
    assert [[each["basis"] for each in call["purposes"]] for call in calls] == [[EVIDENCE["basis"]["kind"]]]
    facts = json.loads(package.read("data/request.json"))
    assert {"call", "recording"} <= {each["kind"] for each in facts["withheld"]}
    assert all("20" in str(each["ground"]) for each in facts["withheld"]), facts["withheld"]
    assert interests not in json.dumps(json.loads(package.read("data/ingest.json")))


async def test_another_tenants_person_is_nobody_here_and_is_answered_alike(company: Company, house: Any) -> None:
    number = "+31612340015"
    recording = await company.record(number, "Theirs alone", "theirs alone")
    wanted = {
        "kind": "access",
        "identifiers": [{"kind": "number", "value": number}],
        "channel": {"kind": "officer"},
        "language": "en",
    }
    other = await open_company(house)
    here, there, nobody = [
        await each.post("dsar", Role.PORTAL, "/v1/requests", asked)
        for each, asked in (
            (company, wanted),
            (other, wanted),
            (other, {**wanted, "identifiers": [{"kind": "number", "value": "+31612340099"}]}),
        )
    ]
    alike = set(here) - {"id"}
    assert {name: there[name] for name in alike} == {name: nobody[name] for name in alike}
    assert {name: there[name] for name in alike} == {name: here[name] for name in alike}
    request, code = await other.ask(number)
    await other.until(request, "review")
    package = await other.package(request, code)
    everything = b"".join(package.read(name) for name in package.namelist()).decode()
    assert [each for each in (number, "Theirs alone", recording) if each in everything] == []
    assert not any(name.startswith("audio/") for name in package.namelist())
    for path in ("", "/items", "/letters", "/package"):
        foreign = await other.officer.get(f"/v1/requests/{here['id']}{path}")
        assert foreign.status_code in (401, 404)


async def test_a_collection_that_fails_for_ever_is_seen_and_its_letters_go_out_in_time(company: Company) -> None:
    address = address_of("forever", company)
    await company.record("+31612340016", "Waiting", "waiting", email=address)
    ingest = await company.house.servers.postgres.connect("ingest")
    # Time must go on in all four services, so ingest lives, and fails at this for as long as it is not mended.
    await ingest.execute("revoke insert on collections from ingest_app")
    try:
        wanted = {
            "kind": "access",
            "identifiers": [{"kind": "email", "value": address}],
            "channel": {"kind": "email", "address": address},
            "language": "en",
        }
        request = (await company.post("dsar", OFFICER, "/v1/requests", wanted))["id"]
        check = {"method": "documents", "outcome": "confirmed", "note": "Passport seen."}
        await company.post("dsar", OFFICER, f"/v1/requests/{request}/identity", check)

        async def blocked() -> Any:
            listed = await company.officer.get("/v1/requests", params={"sort": "days_left"})
            (mine,) = [each for each in listed.json()["items"] if each["id"] == request]
            services = {each["service"] for each in mine["blocked_by"] if each["code"] == "part_missing"}
            return mine if services == {"ingest"} else None

        shown = await eventually(blocked, within=60, what="the work list says whose part is missing")
        assert shown["next_step"] == "await_parts"
        today = (await company.house.read_clock()).date()
        await company.house.advance_clock(f"P{(date.fromisoformat(shown['alarm_on']) - today).days - 2}D")
        await company.house.servers.mail.mail(address, "more time", within=60)

        async def extended() -> Any:
            shown = (await company.officer.get(f"/v1/requests/{request}")).json()
            return shown if shown["extended_at"] else None

        shown = await eventually(extended, within=60, what="the extension counts, since its letter is out")
        assert date.fromisoformat(shown["extended_at"][:10]) < date.fromisoformat(shown["due_on"])
        assert shown["answer_by"] == shown["extended_due_on"]
        assert shown["days_left"] > timedelta(days=45).days
    finally:
        await ingest.execute("grant insert on collections to ingest_app")
        await ingest.close()
    await company.until(request, "review")
