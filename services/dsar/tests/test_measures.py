"""Erasure, restriction, correction and objection: each owner is told, and the person hears what was done (R14, R17)."""

import io
import json
import zipfile
from typing import Any
from uuid import UUID

from recital_events import ErasureCertified, ErasureWithheld, HoldReleased, SubjectMerged, SubjectSplit, TenantClosed
from recital_identity import Role
from recital_testing import eventually

CERTIFICATE, HOLD = UUID(int=0xCE), UUID(int=0xD0)


def asking(kind: str, address: str) -> dict[str, Any]:
    return {"kind": kind, "channel": {"kind": "email", "address": address}}


async def decide(office: Any, request: str, **decision: Any) -> None:
    answer = await office.post(f"/{request}/decisions", decision)
    assert answer.status_code == 200, answer.text


async def carry_out(office: Any, request: str) -> dict[str, Any]:
    answer = await office.post(f"/{request}/measures")
    assert answer.status_code == 202, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def measures(office: Any, request: str) -> dict[str, dict[str, Any]]:
    return {each["kind"]: each for each in (await office.get(f"/{request}/measures")).json()}


async def certify(office: Any, holding: str, kind: str) -> None:
    await office.hear(
        ErasureCertified(
            certificate=CERTIFICATE,
            order=UUID(int=1),
            holding=holding,
            kind=kind,
            ground="17.1.b",
            certified_at=office.database.clock.now(),
        )
    )


async def withhold(office: Any, request: str, holding: str, ground: str, kind: str = "recording") -> None:
    await office.hear(
        ErasureWithheld(
            holding=holding, kind=kind, request=request, ground=ground, withheld_at=office.database.clock.now()
        )
    )


async def test_an_erasure_is_asked_of_retention_and_ends_with_its_certificates(office: Any) -> None:
    address = "erase@one.example"
    request, _ = await office.reviewed(**asking("erasure", address))
    early = await office.post(f"/{request}/measures")
    assert (early.status_code, early.json()["code"]) == (409, "items_undecided")
    await decide(office, request, all=True, decision="erase", article="17(1)(b)")
    assert (await office.show(request))["next_step"] == "carry_out"
    assert (await carry_out(office, request))["state"] == "carrying_out"
    assert (await carry_out(office, request))["state"] == "carrying_out"
    asked = await office.events("erasure.requested")
    assert {(each["kind"], each["ground"]) for each in asked} == {
        ("recording", "17.1.b"),
        ("call", "17.1.b"),
        ("identity", "17.1.b"),
    }
    assert {"code": "measures_pending", "service": "retention", "count": 3} in (await office.show(request))[
        "blocked_by"
    ]
    for kind, holding in (("recording", office.recording), ("call", office.call), ("identity", office.asker)):
        await certify(office, holding, kind)
    mail = await office.mail.mail(address, "besluit")
    assert str(CERTIFICATE) in mail["text"]
    assert "een gespreksopname: gewist" in mail["text"]
    shown = await office.until(request, "closed")
    assert (shown["outcome"], shown["answered_at"] is not None) == ("delivered", True)
    assert {each["certificate"] for each in (await measures(office, request)).values()} == {str(CERTIFICATE)}


async def test_what_is_kept_has_its_ground_is_restricted_and_told(office: Any) -> None:
    address = "keep@one.example"
    request, _ = await office.reviewed(**asking("erasure", address))
    keep = {"decision": "keep", "article": "17(3)(e)", "ground": "There is a claim about this call."}
    person = await office.post(f"/{request}/decisions", {"filter": {"kind": "identity"}, **keep})
    assert person.json()["reasons"][0]["code"] == "person_not_kept"
    await decide(office, request, filter={"kind": "recording"}, **keep)
    await decide(office, request, filter={"undecided": True}, decision="erase", article="17(1)(a)")
    await carry_out(office, request)
    (restricted,) = await office.events("restriction.set")
    assert (restricted["holding"], restricted["ground"]) == (office.recording, "17.3.e")
    await certify(office, office.call, "call")
    await certify(office, office.asker, "identity")
    mail = await office.mail.mail(address, "besluit")
    assert "AVG art. 17(3)(e)" in mail["text"]
    assert "There is a claim about this call." in mail["text"]
    assert "klacht indienen" in mail["text"]
    await office.until(request, "closed")
    kept = (await measures(office, request))["recording"]
    assert (kept["measure"], kept["restricted"], kept["look_again"]) == ("keep", True, False)
    now = office.database.clock.now()
    await office.hear(HoldReleased(hold=HOLD, holding=office.recording, kind="recording", released_at=now))
    assert "kept_to_decide_again" in await office.alarms()
    again = {"decision": "erase", "article": "17(1)(a)", "ground": "The claim is settled."}
    path = f"/{request}/measures/{kept['id']}/decision"
    assert (await office.post(path, {**again, "article": "17(3)(e)"})).status_code == 422
    decided = await office.post(path, again)
    assert (decided.status_code, decided.json()["look_again"]) == (200, False)
    assert [each["holding"] for each in await office.events("erasure.requested")][-1] == office.recording
    await certify(office, office.recording, "recording")
    (lifted,) = await office.events("restriction.lifted")
    assert lifted["restriction"] == restricted["restriction"]
    assert "een gespreksopname" in (await office.mail.mail(address, "zijn gewist"))["text"]


async def test_what_retention_holds_back_is_restricted_answered_and_certified_later(office: Any) -> None:
    address = "held@one.example"
    request, _ = await office.reviewed(**asking("erasure", address))
    await decide(office, request, all=True, decision="erase", article="17(1)(b)")
    await carry_out(office, request)
    await certify(office, office.call, "call")
    await certify(office, office.asker, "identity")
    await withhold(office, request, office.recording, "legal_hold")
    assert "nodig voor een rechtsvordering" in (await office.mail.mail(address, "besluit"))["text"]
    await office.until(request, "closed")
    held = (await measures(office, request))["recording"]
    assert (held["state"], held["held_back_by"], held["restricted"]) == ("held_back", "legal_hold", True)
    await certify(office, office.recording, "recording")
    await office.mail.mail(address, "zijn gewist")
    done = (await measures(office, request))["recording"]
    assert (done["state"], done["restricted"], done["certificate"]) == ("done", False, str(CERTIFICATE))


async def test_what_goes_with_something_else_does_not_hold_the_answer_up(office: Any) -> None:
    address = "along@one.example"
    request, _ = await office.reviewed(**asking("erasure", address))
    await decide(office, request, all=True, decision="erase", article="17(1)(b)")
    await carry_out(office, request)
    await withhold(office, request, office.call, "still_needed", "call")
    await withhold(office, request, office.asker, "still_needed", "identity")
    await certify(office, office.recording, "recording")
    assert (await office.show(request))["state"] == "carrying_out"
    await certify(office, office.call, "call")
    mail = await office.mail.mail(address, "besluit")
    assert "uw naam, nummers en adressen: dit hoort bij iets dat nog niet gewist is" in mail["text"]
    await office.until(request, "closed")
    assert await office.events("restriction.set") == []
    await certify(office, office.asker, "identity")
    assert "uw naam, nummers en adressen" in (await office.mail.mail(address, "zijn gewist"))["text"]


async def test_a_restriction_is_set_told_and_lifted_with_notice(office: Any) -> None:
    address = "restrict@one.example"
    request, _ = await office.reviewed(**asking("restriction", address))
    await decide(office, request, filter={"kind": "recording"}, decision="restrict", article="18(1)(a)")
    await carry_out(office, request)
    await office.until(request, "closed")
    (restricted,) = await office.events("restriction.set")
    measure = (await measures(office, request))["recording"]
    assert (restricted["holding"], restricted["restriction"]) == (office.recording, measure["id"])
    other = await office.receive()
    path = f"/measures/{measure['id']}/lifting"
    assert (await office.post(f"/{other}{path}", {"reason": "x"})).status_code == 404
    lifted = await office.post(f"/{request}{path}", {"reason": "Het is nagezien."})
    assert (lifted.json()["state"], lifted.json()["restricted"]) == ("over", False)
    assert "Het is nagezien." in (await office.mail.mail(address, "opgeheven"))["text"]
    assert [each["restriction"] for each in await office.events("restriction.lifted")] == [measure["id"]]


async def test_a_correction_is_decided_and_its_owner_fetches_the_text(office: Any) -> None:
    request, _ = await office.reviewed(**asking("rectification", "correct@one.example"))
    bare = await office.post(
        f"/{request}/decisions", {"filter": {"kind": "call"}, "decision": "rectify", "article": "16"}
    )
    assert bare.json()["reasons"][0]["code"] == "wording_missing"
    text = "The call was about <b>contract 5</b>, not 4."
    await decide(office, request, filter={"kind": "call"}, decision="rectify", article="16", wording=text)
    await carry_out(office, request)
    (decided,) = await office.events("rectification.decided")
    assert text not in str(decided)
    path = f"/internal/v1/rectifications/{decided['rectification']}"
    assert (await office.client.get(path, headers=office.headers(Role.PRIVACY_OFFICER))).status_code == 401
    found = await office.client.get(path, headers=office.service())
    assert found.json() == {"holding": office.call, "kind": "call", "text": text}
    missing = await office.client.get(f"/internal/v1/rectifications/{UUID(int=5)}", headers=office.service())
    assert missing.status_code == 404
    await office.until(request, "closed")
    assert text not in str(await office.rows("select t::text from measures t"))
    # Whoever asks for a copy later gets the correction from its owner, beside what it corrects, and not twice.
    copy, code = await office.reviewed()
    await decide(office, copy, all=True, decision="give")
    await office.post(f"/{copy}/package")
    await office.until(copy, "ready")
    package = zipfile.ZipFile(io.BytesIO((await office.fetch(copy, code)).content))
    (asked,) = json.loads(package.read("data/dsar.json"))["items"]
    assert (asked["kind"], asked["asked"]) == ("request", "rectification")
    assert not any(text in package.read(name).decode(errors="replace") for name in package.namelist())


async def test_an_objection_is_upheld_or_rejected_with_its_ground(office: Any) -> None:
    address = "object@one.example"
    request, _ = await office.reviewed(**asking("objection", address))
    assert (await office.show(request))["next_step"] == "decide_objection"
    ruling = {
        "outcome": "rejected",
        "purposes": ["contract_evidence"],
        "ground": "Needed to prove <i>the contract</i>.",
    }
    answer = await office.post(f"/{request}/objection", ruling)
    assert answer.status_code == 200
    (told,) = await office.events("objection.rejected")
    assert (told["subjects"], told["purposes"]) == ([office.asker], ["contract_evidence"])
    mail = await office.mail.mail(address, "besluit")
    assert "Needed to prove <i>the contract</i>." in mail["text"]
    assert "<i>the" not in mail["html"]
    await office.until(request, "closed")
    second, _ = await office.reviewed(**asking("objection", address))
    await office.post(f"/{second}/objection", {"outcome": "upheld", "ground": "No grounds outweigh it."})
    (upheld,) = await office.events("objection.upheld")
    assert upheld["purposes"] is None
    copy, _ = await office.reviewed()
    assert (await office.post(f"/{copy}/objection", ruling)).json()["code"] == "decision_not_for_kind"


async def test_recipients_are_listed_told_and_ticked_off(office: Any) -> None:
    request = await office.receive(kind="erasure")
    name = '=HYPERLINK("http://x")\u202e<script>'
    added = await office.post(f"/{request}/recipients", {"name": name, "contact": "legal@other.example"})
    assert (added.status_code, added.json()["name"]) == (201, name)
    assert {"code": "recipients_untold", "service": None, "count": 1} in (await office.show(request))["blocked_by"]
    assert "HYPERLINK" not in str(await office.rows("select t::text from recipients t"))
    path = f"/{request}/recipients/{added.json()['id']}/told"
    assert [(await office.post(path)).status_code for _ in range(2)] == [204, 204]
    (listed,) = (await office.get(f"/{request}/recipients")).json()
    assert (listed["told_by"], listed["told_at"] is not None) == ("officer-1", True)
    other = await office.receive()
    assert (await office.post(f"/{other}/recipients/{added.json()['id']}/told")).status_code == 404


async def test_a_request_is_refused_with_its_ground_and_where_to_complain(office: Any) -> None:
    address = "refuse@one.example"
    request = await office.receive(**asking("access", address))
    wrong = await office.post(f"/{request}/refusal", {"ground": "data_correct"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "ground_not_for_kind")
    answer = await office.post(f"/{request}/refusal", {"ground": "excessive", "explanation": "The tenth this week."})
    assert (answer.json()["state"], answer.json()["next_step"]) == ("refused", "send_letter")
    mail = await office.mail.mail(address, "wijzen uw verzoek af")
    assert "The tenth this week." in mail["text"]
    assert "Autoriteit Persoonsgegevens" in mail["text"]
    assert (await office.until(request, "closed"))["outcome"] == "refused"


async def test_a_second_request_stands_shows_what_it_repeats_and_may_be_refused_for_it(office: Any) -> None:
    first = await office.receive()
    second = (await office.post("", office.ask(), Role.PORTAL)).json()
    assert set(second) == set((await office.post("", office.ask(kind="erasure"), Role.PORTAL)).json())
    shown = await office.show(second["id"])
    assert shown["repeats"] == first
    assert "repeats_open_request" in {each["code"] for each in shown["blocked_by"]}
    assert (await office.show(first))["repeats"] is None
    refused = await office.post(f"/{second['id']}/refusal", {"ground": "repeats_open_request"})
    assert refused.status_code == 200


async def test_a_tenant_closes_when_nothing_is_open_and_its_staff_hands_nothing_in_then(office: Any) -> None:
    path = f"/internal/v1/tenants/{office.tenant}/closing"
    request = await office.receive()
    still = await office.client.post(path, headers=office.service())
    assert still.json() == {"clear": False, "open": [{"what": "access request", "count": 1}]}
    assert (await office.post("", office.ask())).status_code == 201
    for each in (await office.get("")).json()["items"]:
        await office.post(f"/{each['id']}/refusal", {"ground": "withdrawn"})
        await office.until(each["id"], "closed")
    assert request
    clear = await office.client.post(path, headers=office.service())
    assert clear.json() == {"clear": True, "open": []}
    refused = await office.post("", office.ask())
    assert (refused.status_code, refused.json()["code"]) == (409, "tenant_closing")
    assert (await office.post("", office.ask(), Role.PORTAL)).status_code == 201
    assert (await office.client.post(path, headers=office.headers(Role.TENANT_ADMIN))).status_code == 401
    unknown = await office.client.post(f"/internal/v1/tenants/{UUID(int=77)}/closing", headers=office.service())
    assert unknown.json() == {"clear": True, "open": []}


async def test_a_tenant_that_did_not_close_after_all_takes_letters_in_again(office: Any) -> None:
    path = f"/internal/v1/tenants/{office.tenant}/closing"
    assert (await office.client.post(path, headers=office.service())).json()["clear"]
    assert (await office.post("", office.ask())).status_code == 409
    asked = (await office.post("", office.ask(), Role.PORTAL)).json()["id"]
    again = await office.client.post(path, headers=office.service())
    assert again.json()["open"] == [{"what": "access request", "count": 1}]
    assert (await office.post("", office.ask())).status_code == 201
    for each in (await office.get("")).json()["items"]:
        await office.post(f"/{each['id']}/refusal", {"ground": "withdrawn"})
        await office.until(each["id"], "closed")
    assert asked
    assert (await office.client.post(path, headers=office.service())).json()["clear"]
    await office.move_clock("61 minutes")
    assert (await office.post("", office.ask())).status_code == 201
    now = office.database.clock.now()
    await office.hear(TenantClosed(tenant=office.tenant, closed_at=now, export_until=now))
    await office.move_clock("61 minutes")
    assert (await office.post("", office.ask())).json()["code"] == "tenant_closing"


async def test_an_objection_suspends_from_the_moment_it_is_known_who_objects(office: Any) -> None:
    path = f"/v1/subjects/{office.asker}/objections"
    office.script.silent = {path}
    request, _ = await office.reviewed(kind="objection")

    async def told(times: int) -> bool:
        return bool(office.script.paths("consent").count(path) >= times)

    await eventually(lambda: told(1))
    assert "consent_unavailable" in {each["code"] for each in (await office.show(request))["blocked_by"]}
    ruling = {"outcome": "rejected", "ground": "Needed to prove the contract."}
    assert (await office.post(f"/{request}/objection", ruling)).status_code == 200
    office.script.silent = set()
    before = len(await office.events("objection.rejected"))
    await office.move_clock("10 minutes")

    async def told_again() -> bool:
        return len(await office.events("objection.rejected")) > before

    await eventually(told_again, what="a decision that came while consent was away is told again")
    events = await office.events("objection.rejected")
    assert {each["objection"] for each in events} == {events[0]["objection"]}


async def test_what_a_withdrawn_objection_suspended_is_given_free(office: Any) -> None:
    request, _ = await office.reviewed(kind="objection")
    path = f"/v1/subjects/{office.asker}/objections"

    async def told() -> bool:
        return bool(path in office.script.paths("consent"))

    await eventually(told)
    await office.post(f"/{request}/refusal", {"ground": "withdrawn"})
    (freed,) = await office.events("objection.rejected")
    assert (freed["request"], freed["subjects"], freed["purposes"]) == (request, [office.asker], None)


async def test_persons_who_are_one_are_asked_for_together_and_a_late_merge_is_collected_anew(office: Any) -> None:
    other = UUID(int=0x77)
    now = office.database.clock.now()
    request = await office.receive()
    await office.hear(SubjectMerged(subject=office.asker, merged=other, merged_at=now))
    assert set((await office.show(request))["subjects"]) == {office.asker, str(other)}
    await office.hear(SubjectSplit(subject=office.asker, split=other, split_at=now))
    assert (await office.show(request))["subjects"] == [office.asker]
    await office.confirm(request)
    order = (await office.show(request))["order"]
    await office.hear(SubjectMerged(subject=office.asker, merged=other, merged_at=now))
    shown = await office.show(request)
    assert set(shown["subjects"]) == {office.asker, str(other)}
    assert (shown["state"], shown["order"] != order) == ("collecting", True)


async def test_a_package_is_not_made_of_a_request_that_a_decision_answers(office: Any) -> None:
    request, _ = await office.reviewed(kind="restriction")
    answer = await office.post(f"/{request}/package")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_a_copy")
