"""Who asks is proved by a code to a known channel or by a call's reference; a refusal tells nothing."""

import re
from typing import Any
from uuid import UUID

from recital_identity import Role
from recital_testing import eventually

VICTIM, STRANGER = UUID(int=0x51), UUID(int=0x99)


def of(address: str) -> dict[str, Any]:
    return {
        "identifiers": [{"kind": "email", "value": address}],
        "channel": {"kind": "email", "address": address},
    }


async def code_in(office: Any, address: str, containing: str = "Uw code") -> str:
    mail = await office.mail.mail(address, containing)
    found = re.search(r"\b\d{8}\b", mail["text"])
    assert found is not None
    return found[0]


async def prove(office: Any, request: str, **proof: str) -> Any:
    return await office.post(f"/{request}/identity/proof", proof, Role.PORTAL)


async def test_a_code_to_a_known_address_proves_who_asks_and_one_opens_the_package(office: Any) -> None:
    address = "known@proof.example"
    request = await office.receive(**of(address))
    asked = await office.post(f"/{request}/identity/code", {"to": "email"}, Role.PORTAL)
    assert (asked.status_code, asked.json()) == (202, {"valid_minutes": 30})
    code = await code_in(office, address)
    proved = await prove(office, request, code=f"{code[:4]} {code[4:]}")
    assert (proved.status_code, proved.json()) == (200, {"identified": True})
    assert (await office.show(request))["proved_by"] == "code"
    assert (await prove(office, request, code=code)).status_code == 403
    await office.hand_in(request)
    await office.until(request, "review")
    await office.post(f"/{request}/decisions", {"all": True, "decision": "give"})
    await office.post(f"/{request}/package")
    ready = await office.mail.mail(address, "liggen klaar")
    found = re.search(r"\b(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}\b", ready["text"])
    assert found is not None
    assert (await office.show(request))["answered_at"] is not None
    package = await office.fetch(request, found[0])
    assert package.status_code == 200
    listed = (await office.get(f"/{request}/letters")).json()
    delivery = next(each["id"] for each in listed if each["kind"] == "delivery")
    assert found[0] not in (await office.get(f"/{request}/letters/{delivery}")).text


async def test_an_unknown_address_gets_the_same_answer_and_no_mail(office: Any) -> None:
    office.script.subjects = []
    request = await office.receive(**of("unknown@proof.example"))
    asked = await office.post(f"/{request}/identity/code", {"to": "email"}, Role.PORTAL)
    assert (asked.status_code, asked.json()) == (202, {"valid_minutes": 30})

    async def shown() -> bool:
        return "code_not_sent" in {each["code"] for each in (await office.show(request))["blocked_by"]}

    await eventually(shown)
    subjects = [each["subject"] for each in await office.mail.mails("unknown@proof.example")]
    assert subjects == ["Wij hebben uw verzoek ontvangen"]
    refused = await prove(office, request, code="00000000")
    assert (refused.status_code, refused.json()["code"]) == (403, "proof_refused")


async def test_ones_own_address_proves_nothing_about_the_number_beside_it(office: Any) -> None:
    office.script.known = {"mine@proof.example": [STRANGER], "+31612345678": [VICTIM]}
    identifiers = [
        {"kind": "email", "value": "mine@proof.example"},
        {"kind": "number", "value": "+31612345678"},
    ]
    request = await office.receive(**{**of("mine@proof.example"), "identifiers": identifiers})
    await office.post(f"/{request}/identity/code", {"to": "email"}, Role.PORTAL)

    async def shown() -> bool:
        return "code_not_sent" in {each["code"] for each in (await office.show(request))["blocked_by"]}

    await eventually(shown)
    assert len(await office.mail.mails("mine@proof.example")) <= 1


async def test_five_wrong_proofs_end_them_and_papers_are_asked_for(office: Any) -> None:
    address = "locked@proof.example"
    request = await office.receive(**of(address))
    await office.post(f"/{request}/identity/code", {"to": "email"})
    code = await code_in(office, address)
    wrong = [await prove(office, request, code="00000001") for _ in range(5)]
    assert {each.status_code for each in wrong} == {403}
    right = await prove(office, request, code=code)
    assert (right.status_code, right.json()) == (403, wrong[0].json())
    assert "proof_locked" in await office.alarms()
    again = await office.post(f"/{request}/identity/code", {"to": "email"})
    assert (again.status_code, again.json()["code"]) == (409, "proof_locked")
    assert (await office.confirm(request)) is not None


async def test_a_code_dies_with_its_time_and_with_the_next_one(office: Any) -> None:
    address = "late@proof.example"
    request = await office.receive(**of(address))
    await office.post(f"/{request}/identity/code", {"to": "email"})
    first = await code_in(office, address)
    await office.move_clock("31 minutes")
    assert (await prove(office, request, code=first)).status_code == 403
    statuses = [(await office.post(f"/{request}/identity/code", {"to": "email"})).status_code for _ in range(5)]
    assert statuses == [202, 202, 202, 202, 429]


async def test_the_reference_of_a_call_proves_who_asks_and_the_number_never_does(office: Any) -> None:
    office.script.known = {"ABCD-2345": [VICTIM], "WRNG-0000": [STRANGER], "NONE-0000": []}
    request = await office.receive()
    for wrong in ("WRNG-0000", "NONE-0000"):
        assert (await prove(office, request, call_reference=wrong)).status_code == 403
    named = await office.post(f"/{request}/identity/proof", {"number": "+31612345678"}, Role.PORTAL)
    assert named.status_code == 422
    assert (await prove(office, request, call_reference="ABCD-2345")).status_code == 200
    shown = await office.show(request)
    assert (shown["proved_by"], shown["state"]) == ("call", "collecting")


async def test_a_proof_is_one_thing_and_for_one_tenant(office: Any) -> None:
    request = await office.receive()
    both = await office.post(f"/{request}/identity/proof", {"code": "1", "call_reference": "2"})
    assert both.status_code == 422
    await office.open_tenant(office.other_tenant)
    headers = office.headers(Role.PORTAL, tenant=office.other_tenant)
    foreign = await office.client.post(
        f"/v1/requests/{request}/identity/proof", json={"code": "12345678"}, headers=headers
    )
    assert foreign.status_code == 404
