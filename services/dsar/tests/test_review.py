"""Officers decide item by item or by filter; every item bears its decision, reason and decider (R13)."""

from typing import Any

from recital_identity import Role

OTHERS = ["agent"]


async def items(office: Any, request: str) -> dict[str, dict[str, Any]]:
    listed = (await office.get(f"/{request}/items")).json()["items"]
    return {each["kind"]: each for each in listed}


async def test_each_item_shows_its_parties_and_a_proposal(office: Any) -> None:
    request, _ = await office.reviewed()
    found = await items(office, request)
    assert set(found) == {"identity", "call", "recording"}
    recording = found["recording"]
    assert recording["proposal"] == {
        "decision": "give",
        "mute": OTHERS,
        "reason": "others_muted",
        "rule": "R13",
        "article": None,
    }
    assert [(each["party"], each["requester"]) for each in recording["parties"]] == [
        ("customer", True),
        ("agent", False),
    ]
    assert found["call"]["proposal"]["mute"] == []
    assert recording["thing"] == office.recording


async def test_one_decision_over_all_items_stands_beside_each(office: Any) -> None:
    request, _ = await office.reviewed()
    answer = await office.post(f"/{request}/decisions", {"all": True, "decision": "give"})
    assert answer.json() == {"decided": 3, "items": {"total": 3, "decided": 3, "given": 3}}
    found = await items(office, request)
    assert found["recording"]["mute"] == OTHERS
    assert {each["decided_by"] for each in found.values()} == {"officer-1"}
    assert (await office.show(request))["next_step"] == "build_package"


async def test_decisions_by_filter_and_singly_with_their_grounds(office: Any) -> None:
    request, _ = await office.reviewed()
    await office.post(f"/{request}/decisions", {"filter": {"service": "consent"}, "decision": "give"})
    recording = (await items(office, request))["recording"]["id"]
    ground = "The colleague's medical news is in it."
    answer = await office.post(
        f"/{request}/decisions", {"items": [recording], "decision": "withhold", "ground": ground}
    )
    assert answer.json()["items"] == {"total": 3, "decided": 3, "given": 2}
    found = (await items(office, request))["recording"]
    assert (found["decision"], found["ground"]) == ("withhold", ground)
    assert ground not in str(await office.rows("select t::text from request_entries t"))
    undecided = await office.post(f"/{request}/decisions", {"filter": {"undecided": True}, "decision": "give"})
    assert undecided.json()["decided"] == 0


async def test_without_a_ground_nothing_is_withheld_and_nobody_else_heard(office: Any) -> None:
    request, _ = await office.reviewed()
    recording = (await items(office, request))["recording"]["id"]
    for body in ({"decision": "withhold"}, {"decision": "give", "mute": []}):
        answer = await office.post(f"/{request}/decisions", {"items": [recording], **body})
        assert (answer.status_code, answer.json()["code"]) == (422, "decision_refused")
        (reason,) = answer.json()["reasons"]
        assert (reason["code"], reason["rule"]) == ("ground_missing", "R13")
        assert answer.json()["fields"] == [{"field": f"items.{recording}", "problem": "ground_missing"}]
    heard = {"items": [recording], "decision": "give", "mute": [], "ground": "The colleague agreed in writing."}
    assert (await office.post(f"/{request}/decisions", heard)).status_code == 200
    assert (await items(office, request))["recording"]["mute"] == []


async def test_a_decision_that_cannot_stand_for_one_item_is_taken_for_none(office: Any) -> None:
    request, _ = await office.reviewed()
    answer = await office.post(f"/{request}/decisions", {"all": True, "decision": "mask"})
    assert (answer.status_code, answer.json()["code"]) == (422, "decision_refused")
    assert (await office.show(request))["items"]["decided"] == 0


async def test_an_item_of_another_request_is_missing(office: Any) -> None:
    first, _ = await office.reviewed()
    second, _ = await office.reviewed()
    item = (await items(office, first))["call"]["id"]
    answer = await office.post(f"/{second}/decisions", {"items": [item], "decision": "give"})
    assert answer.status_code == 404
    assert (await office.show(first))["items"]["decided"] == 0


async def test_keep_belongs_to_erasures_and_is_refused(office: Any) -> None:
    request, _ = await office.reviewed()
    answer = await office.post(f"/{request}/decisions", {"all": True, "decision": "keep", "ground": "17(3)(e)"})
    assert answer.json()["reasons"][0]["code"] == "decision_not_for_kind"


async def test_decisions_name_items_in_exactly_one_way(office: Any) -> None:
    request, _ = await office.reviewed()
    bodies: list[dict[str, Any]] = [{}, {"all": True, "filter": {}}, {"items": []}]
    for body in bodies:
        assert (await office.post(f"/{request}/decisions", {"decision": "give", **body})).status_code == 422


async def test_nothing_is_decided_before_the_review_or_by_others(office: Any) -> None:
    request = await office.receive()
    early = await office.post(f"/{request}/decisions", {"all": True, "decision": "give"})
    assert (early.status_code, early.json()["code"]) == (409, "request_state")
    auditor = await office.post(f"/{request}/decisions", {"all": True, "decision": "give"}, Role.AUDITOR)
    assert auditor.status_code == 403


async def test_items_come_in_pages(office: Any) -> None:
    request, _ = await office.reviewed()
    first = (await office.get(f"/{request}/items?limit=2")).json()
    second = (await office.get(f"/{request}/items?limit=2&cursor={first['next_cursor']}")).json()
    assert len({each["id"] for each in (*first["items"], *second["items"])}) == 3
    assert second["next_cursor"] is None


async def test_items_are_decided_as_proposed_each_with_the_proposals_reason(office: Any) -> None:
    request, _ = await office.reviewed()
    answer = await office.post(f"/{request}/decisions", {"all": True})
    assert answer.json()["items"] == {"total": 3, "decided": 3, "given": 3}
    found = await items(office, request)
    assert (found["recording"]["mute"], found["recording"]["reason"]) == (OTHERS, "others_muted")
    assert "art. 15 lid 4" in found["recording"]["ground"]
    assert (found["call"]["reason"], found["call"]["ground"]) == (None, None)


async def test_a_tenant_that_lets_its_staff_be_heard_has_others_muted_still(office: Any) -> None:
    await office.change_tenant(staff_voices_muted=False)
    request, _ = await office.reviewed()
    assert (await items(office, request))["recording"]["proposal"]["mute"] == []
    given = await office.post(f"/{request}/decisions", {"all": True, "decision": "give"})
    assert given.status_code == 200
    assert (await items(office, request))["recording"]["mute"] == []


async def test_an_erasure_is_decided_by_filter_with_articles_and_what_is_held_is_kept(office: Any) -> None:
    office.part("retention", {"kind": "holding", "id": office.recording, "held": True})
    request, _ = await office.reviewed(kind="erasure")
    refused = await office.post(f"/{request}/decisions", {"filter": {"held": False}})
    assert refused.json()["reasons"][0]["code"] == "article_missing"
    body = {"filter": {"held": False}, "article": "17(1)(a)"}
    assert (await office.post(f"/{request}/decisions", body)).json()["decided"] == 2
    kept = await office.post(f"/{request}/decisions", {"filter": {"undecided": True}})
    assert kept.json()["items"]["decided"] == 4
    found = await items(office, request)
    assert (found["recording"]["decision"], found["recording"]["reason"]) == ("keep", "legal_claims")
    assert found["call"]["decision"] == "erase"


async def test_many_items_are_decided_in_one_go(office: Any) -> None:
    many = 3_000
    at = "2026-11-20T10:00:00Z"
    calls = [
        {"kind": "call", "id": f"019aa000-0000-7000-8000-{number:012x}", "at": at, "parties": office.parties}
        for number in range(many)
    ]
    office.part("consent", *calls)
    request, _ = await office.reviewed()
    answer = await office.post(f"/{request}/decisions", {"filter": {"kind": "call"}, "decision": "give"})
    assert (answer.json()["decided"], answer.json()["items"]["total"]) == (many, many + 1)
    rows = await office.rows("select count(distinct entry_id) from items where decided_by = 'officer-1'")
    assert rows[0][0] == 1
