"""A person's request through the four real services: from a recorded call to the package, and to its certified end."""

import io
import json
import re
import zipfile
from typing import Any
from uuid import UUID

import pytest_asyncio
from recital_identity import Role
from recital_testing import eventually

from services.dsar.tests.company import ASKER, CUSTOMER, NAME, STRANGER, Company, open_company, samples


@pytest_asyncio.fixture(loop_scope="session")
async def company(house: Any) -> Company:
    return await open_company(house)


async def test_the_package_has_all_and_only_the_persons_data(company: Company) -> None:
    recordings = {await company.record(ASKER, NAME, f"theirs-{number}") for number in range(2)}
    other = await company.record(STRANGER, "Stranger", "another")
    request, code = await company.ask(ASKER)
    review = await company.until(request, "review")
    assert {each["service"] for each in review["parts"]} == {"consent", "dsar", "ingest", "retention"}
    package = await company.package(request, code)
    names = set(package.namelist())
    assert {name for name in names if name.startswith("audio/")} == {f"audio/{each}.wav" for each in recordings}
    for each in recordings:
        customer, staff = samples(package.read(f"audio/{each}.wav"))
        assert customer == {CUSTOMER}
        assert staff == {0}
    everything = b"".join(package.read(name) for name in names if not name.startswith("audio/")).decode()
    for foreign in (STRANGER, "Stranger", other, "Colleague", "agent-7"):
        assert foreign not in everything
    consent = json.loads(package.read("data/consent.json"))
    assert ASKER in json.dumps(consent)
    assert NAME in json.dumps(consent)
    assert NAME not in package.read("index.html").decode()
    assert len(json.loads(package.read("data/ingest.json"))["items"]) == 2


async def test_a_service_killed_while_it_collects_does_not_stop_it(company: Company) -> None:
    await company.record(ASKER, "Asker", "one")
    request, code = await company.ask(ASKER)
    await company.house.kill("ingest")
    await company.house.start_again("ingest")
    await company.until(request, "review")
    assert await company.package(request, code)


async def test_a_package_is_made_anew_when_its_maker_is_killed(company: Company) -> None:
    await company.record(ASKER, "Asker", "one")
    request, code = await company.ask(ASKER)
    await company.until(request, "review")
    await company.give(request)
    await company.house.kill("dsar")
    await company.house.start_again("dsar")
    await company.until(request, "ready")
    answer = await (await company.person(request, code)).get(f"/v1/requests/{request}/package")
    assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None


async def test_a_person_who_goes_away_halfway_may_come_again(company: Company) -> None:
    # More than the sockets between us hold, so that going away is noticed.
    await company.record(ASKER, "Asker", "long", seconds=90, rate=48_000)
    request, code = await company.ask(ASKER)
    await company.until(request, "review")
    await company.give(request)
    await company.until(request, "ready")
    client = await company.person(request, code)
    path = f"/v1/requests/{request}/package"
    async with client.stream("GET", path) as answer:
        assert await anext(answer.aiter_raw())
    again = await client.get(path)
    assert zipfile.ZipFile(io.BytesIO(again.content)).testzip() is None
    await company.until(request, "closed")


async def test_a_request_that_comes_while_the_others_are_down_is_kept_and_goes_on(company: Company) -> None:
    await company.record(ASKER, "Asker", "one")
    await company.house.kill("consent")
    request, code = await company.ask(ASKER)
    shown = (await company.officer.get(f"/v1/requests/{request}")).json()
    assert (shown["state"], shown["withholding"]) == ("identified", "pending")
    await company.house.start_again("consent")
    await company.until(request, "review")
    assert await company.package(request, code)


async def test_package_and_file_end_in_certificates_when_their_time_is_over(company: Company) -> None:
    await company.record(ASKER, "Asker", "one")
    request, code = await company.ask(ASKER)
    await company.until(request, "review")
    await company.package(request, code)
    package = (await company.officer.get(f"/v1/requests/{request}")).json()["package"]["id"]

    async def certified(holding: str) -> bool:
        client = company.tenant.client("retention", Role.PRIVACY_OFFICER)
        answer = await client.get(f"/v1/holdings/{holding}")
        return bool(answer.is_success and answer.json()["certificate"])

    await company.house.advance_clock("P31D")
    await eventually(lambda: certified(package), within=60, what="the package is certified")
    await company.house.advance_clock("P2Y")
    await eventually(lambda: certified(request), within=60, what="the file is certified")
    gone = await company.officer.get(f"/v1/requests/{request}")
    assert (gone.status_code, gone.json()["code"]) == (410, "request_erased")


async def test_a_request_for_nobody_is_answered_with_an_empty_package(company: Company) -> None:
    request, code = await company.ask("+31600000000")
    shown = await company.until(request, "review")
    assert shown["items"]["total"] == 0
    package = await company.package(request, code)
    assert not [name for name in package.namelist() if name.startswith("audio/")]
    assert UUID(json.loads(package.read("data/request.json"))["request"]) == UUID(request)


async def test_a_person_proves_who_they_are_by_mail_and_fetches_the_package_with_the_letter(company: Company) -> None:
    address = f"asker.{company.tenant.id}@mailed.example"
    recording = await company.record(ASKER, "Asker", "by mail", email=address)
    wanted = {
        "kind": "access",
        "identifiers": [{"kind": "email", "value": address}],
        "channel": {"kind": "email", "address": address},
        "language": "en",
    }
    request = (await company.post("dsar", Role.PORTAL, "/v1/requests", wanted))["id"]
    path = f"/v1/requests/{request}"
    await company.post("dsar", Role.PORTAL, f"{path}/identity/code", {"to": "email"})
    mail = company.house.servers.mail
    code = re.search(r"\b\d{8}\b", (await mail.mail(address, "Your code is", within=60))["text"])
    assert code is not None
    await company.post("dsar", Role.PORTAL, f"{path}/identity/proof", {"code": code[0]})
    await company.until(request, "review")
    await company.give(request)
    ready = await mail.mail(address, "Your data is ready", within=60)
    key = re.search(r"\b(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}\b", ready["text"])
    assert key is not None
    answer = await (await company.person(request, key[0])).get(f"{path}/package")
    assert f"audio/{recording}.wav" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()


async def test_an_upheld_erasure_is_certified_and_told(company: Company) -> None:
    address = f"erase.{company.tenant.id}@mailed.example"
    recording = await company.record(ASKER, "Asker", "to erase", email=address)
    request = await company.reviewed("erasure", address)
    path = f"/v1/requests/{request}"
    decision = {"all": True, "decision": "erase", "article": "17(1)(b)"}
    await company.post("dsar", Role.PRIVACY_OFFICER, f"{path}/decisions", decision)
    await company.post("dsar", Role.PRIVACY_OFFICER, f"{path}/measures", None)
    told = await company.house.servers.mail.mail(address, "Our decision", within=90)
    measures = (await company.officer.get(f"{path}/measures")).json()
    certificate = next(each["certificate"] for each in measures if each["holding"] == recording)
    assert certificate in told["text"]
    gone = await company.tenant.client("ingest", Role.PRIVACY_OFFICER).get(f"/v1/recordings/{recording}")
    assert gone.status_code == 410
    await company.until(request, "closed")


async def test_a_restriction_is_heeded_where_the_recording_lies_until_it_is_lifted(company: Company) -> None:
    address = f"restrict.{company.tenant.id}@mailed.example"
    recording = await company.record(ASKER, "Asker", "to restrict", email=address)
    request = await company.reviewed("restriction", address)
    path = f"/v1/requests/{request}"
    decision = {"filter": {"kind": "recording"}, "decision": "restrict", "article": "18(1)(a)"}
    await company.post("dsar", Role.PRIVACY_OFFICER, f"{path}/decisions", decision)
    await company.post("dsar", Role.PRIVACY_OFFICER, f"{path}/measures", None)
    listener = company.tenant.client("ingest", Role.CASE_HANDLER)
    grant = {"purpose": "contract_evidence", "reason": "A complaint about this call."}

    async def grants(allowed: bool) -> bool:
        answer = await listener.post(f"/v1/recordings/{recording}/grants", json=grant)
        return bool(answer.is_success is allowed)

    await eventually(lambda: grants(False), within=60, what="the recording is restricted")
    (measure,) = (await company.officer.get(f"{path}/measures")).json()
    reason = {"reason": "It was looked into."}
    await company.post("dsar", Role.PRIVACY_OFFICER, f"{path}/measures/{measure['id']}/lifting", reason)
    await eventually(lambda: grants(True), within=60, what="the restriction is lifted")
