"""Calls that are thought of, permitted at once, objected to and asked to be private: over HTTP in the running house."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
from recital_identity import Role
from recital_testing import eventually

if TYPE_CHECKING:
    from recital_testing.house import House

PURPOSE = {
    "key": "quality",
    "title": "Quality of our service",
    "basis": {
        "kind": "legitimate_interests",
        "document": "LIA-1",
        "outcome": "ours",
        "review_on": "2099-01-01",
    },
    "notices": {"nl": "Wij nemen dit gesprek op."},
    "retention": "P6M",
    "roles": ["reviewer"],
    "staff_safeguards": {
        "works_council": {"kind": "none_fewer_than_50"},
        "monitoring": "sampled",
        "sample": {"share_percent": 100, "cap_per_month": 50},
    },
}
PARTIES = [
    {"party": "customer", "kind": "customer", "number": "+31612345678"},
    {"party": "agent", "kind": "staff", "staff_id": "1001"},
]


async def opened(house: "House") -> tuple[Any, str, datetime]:
    tenant = await house.open_tenant()
    admin = tenant.client("consent", Role.TENANT_ADMIN)
    (await admin.post("/v1/purposes", json=PURPOSE)).raise_for_status()
    source = (await admin.post("/v1/sources", json={"kind": "trunk", "name": "Main"})).raise_for_status().json()
    await admin.post("/v1/staff", json={"staff_id": "1001"})
    now = datetime.fromisoformat((await admin.get("/livez")).json()["now"]).replace(microsecond=0)
    told = {"staff_ids": ["1001"], "purpose": "quality", "version": 1, "notified_at": _said(now - timedelta(days=1))}
    (await admin.post("/v1/staff/notices", json=told)).raise_for_status()
    return tenant, str(source["id"]), now


def timeline(start: datetime) -> list[dict[str, Any]]:
    notice = {"party": "customer", "purposes": ["quality"], "completed": True}
    return [
        {"id": "n", "kind": "notice_played", "started_at": _said(start), "at": _said(start, 3), **notice},
        {"id": "e", "kind": "ended", "at": _said(start, 60)},
    ]


def at_once(source: str, start: datetime, **changes: Any) -> dict[str, Any]:
    asked = {
        "audio_started_at": _said(start, 4),
        "audio_ended_at": _said(start, 60),
        "channels": [{"channel": 0, "party": "customer"}, {"channel": 1, "party": "agent"}],
    }
    body = {"external_id": "pbx-1", "source": source, "direction": "inbound", "language": "nl", "purposes": ["quality"]}
    said = {"parties": PARTIES, "answered_at": _said(start), "timeline": timeline(start), "permit": asked}
    return body | said | changes


def _said(at: datetime, seconds: float = 0) -> str:
    return (at.astimezone(UTC) + timedelta(seconds=seconds)).isoformat()


async def standing(client: httpx.AsyncClient, permit: str) -> dict[str, Any]:
    return dict((await client.post("/v1/permits/verify", json={"permit": permit})).json())


async def test_a_call_is_thought_of_permitted_at_once_objected_to_and_shown_as_a_record(house: "House") -> None:
    tenant, source, now = await opened(house)
    integrator, officer = tenant.client("consent", Role.INTEGRATOR), tenant.client("consent", Role.PRIVACY_OFFICER)
    start = now - timedelta(minutes=2)

    thought = {"language": "nl", "purposes": ["quality"], "answered_at": _said(start), "timeline": timeline(start)}
    parties = [{"party": "customer", "kind": "customer", "country": "NL"}, {"party": "agent", "kind": "staff"}]
    body = {**thought, "parties": parties, "at": _said(start, 30)}
    simulated = (await integrator.post("/v1/decisions/simulate", json=body)).raise_for_status().json()
    assert simulated["may_record"]
    strict = {**body, "parties": [{**parties[0], "country": "DE"}, parties[1]]}
    simulated_there = (await integrator.post("/v1/decisions/simulate", json=strict)).json()
    assert [each["code"] for each in simulated_there["reasons"]] == ["consent_missing"]
    assert (await integrator.get("/v1/calls")).json()["items"] == []

    made = await integrator.post("/v1/calls", json=at_once(source, start))
    assert made.status_code == 201, made.text
    call, permit = made.json()["id"], made.json()["permit"]["permit"]
    assert made.json()["decision"]["keepable"] == simulated["keepable"]
    again = await integrator.post("/v1/calls", json=at_once(source, start))
    assert (again.status_code, again.json()["permit"]["permit"]) == (200, permit)
    nothing = at_once(source, start, external_id="pbx-2", timeline=timeline(start)[1:])
    refused = (await integrator.post("/v1/calls", json=nothing)).json()
    assert (refused["permit"], [each["rule"] for each in refused["permit_reasons"]]) == (None, ["R03"])

    customer = next(each["subject"] for each in made.json()["parties"] if each["party"] == "customer")
    staff = tenant.client("consent", Role.STAFF)
    assert (await staff.post(f"/v1/subjects/{customer}/objections", json={})).status_code == 403
    objected = await officer.post(f"/v1/subjects/{customer}/objections", json={"purposes": ["quality"]})
    assert (objected.status_code, objected.json()["state"]) == (201, "pending")

    async def is_suspended() -> bool:
        return bool((await standing(integrator, permit))["suspended"])

    await eventually(is_suspended)
    listed = (await officer.get(f"/v1/subjects/{customer}/statements")).json()["items"]
    assert [each["id"] for each in listed] == [objected.json()["id"]]
    wrong = await officer.post(f"/v1/subjects/{customer}/withdrawals", json={"purposes": ["nothing"]})
    assert (wrong.status_code, wrong.json()["fields"][0]["field"]) == (422, "purposes")

    record = await officer.get(f"/v1/calls/{call}/timeline/n/record")
    assert record.headers["content-type"] == "application/ld+json"
    assert record.json()["schema:event"]["dct:type"] == "notice_played"

    async def receipt() -> dict[str, Any] | None:
        answer = await officer.get(f"/v1/statements/{objected.json()['id']}/receipt")
        return dict(answer.json()) if answer.status_code == 200 else None

    found = await eventually(receipt)
    assert found["proof"]["entry"]["kind"] == "objection.raised"


async def test_staff_ask_for_a_private_mark_past_their_window_and_the_officer_decides(house: "House") -> None:
    tenant, source, now = await opened(house)
    integrator, officer = tenant.client("consent", Role.INTEGRATOR), tenant.client("consent", Role.PRIVACY_OFFICER)
    staff = tenant.client("consent", Role.STAFF)
    made = (await integrator.post("/v1/calls", json=at_once(source, now - timedelta(hours=2)))).json()
    asked = await staff.post(f"/v1/calls/{made['id']}/private-asks", json={})
    assert asked.status_code == 201, asked.text
    assert (await standing(integrator, made["permit"]["permit"]))["reason"] == "suspended"
    (waiting,) = (await officer.get("/v1/private-asks", params={"state": "pending"})).json()["items"]
    decision = {"grant": True, "reason": "It was about the employee"}
    assert (await staff.post(f"/v1/private-asks/{waiting['id']}/decision", json=decision)).status_code == 403
    decided = await officer.post(f"/v1/private-asks/{waiting['id']}/decision", json=decision)
    assert decided.json()["state"] == "granted"
    after = await standing(integrator, made["permit"]["permit"])
    assert (after["reason"], after["spans"]) == ("marked_private", [])
    assert (await integrator.get(f"/v1/calls/{made['id']}")).json()["private"]
