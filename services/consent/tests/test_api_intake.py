"""Calls coming in, explained and reconciled, tenants and persons kept: as their callers see it, over HTTP."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest_asyncio
from recital_identity import Role
from recital_testing import eventually

if TYPE_CHECKING:
    from recital_testing.house import House
    from recital_testing.house.tenants import TestTenant

PURPOSE = {
    "key": "orders",
    "title": "Evidence of orders",
    "basis": {"kind": "contract"},
    "notices": {"nl": "Wij nemen dit gesprek op."},
    "retention": "P6M",
    "roles": ["case_handler"],
    "staff_safeguards": {"works_council": {"kind": "none_fewer_than_50"}},
}


@dataclass
class Office:
    """A tenant with a purpose, a source and a member of staff who was told."""

    tenant: "TestTenant"
    source: str
    now: datetime

    def of(self, role: Role) -> httpx.AsyncClient:
        return self.tenant.client("consent", role)

    def call(self, external_id: str, **changes: Any) -> dict[str, Any]:
        start = self.now - timedelta(minutes=5)
        told = {"id": "n", "kind": "notice_played", "party": "customer", "purposes": ["orders"], "completed": True}
        told |= {"started_at": start.isoformat(), "at": (start + timedelta(seconds=3)).isoformat()}
        body = {
            "external_id": external_id,
            "source": self.source,
            "direction": "inbound",
            "language": "nl",
            "purposes": ["orders"],
            "parties": [
                {"party": "customer", "kind": "customer", "number": "06 12345678"},
                {"party": "agent", "kind": "staff", "staff_id": "1001"},
            ],
            "answered_at": start.isoformat(),
            "timeline": [told, {"id": "e", "kind": "ended", "at": (start + timedelta(seconds=60)).isoformat()}],
        }
        return body | changes


@pytest_asyncio.fixture(loop_scope="session")
async def office(house: "House") -> Office:
    tenant = await house.open_tenant()
    admin = tenant.client("consent", Role.TENANT_ADMIN)
    assert (await admin.post("/v1/purposes", json=PURPOSE)).status_code == 201
    source = (await admin.post("/v1/sources", json={"kind": "trunk", "name": "Main line"})).json()["id"]
    await admin.post("/v1/staff", json={"staff_id": "1001"})
    now = datetime.fromisoformat((await admin.get("/livez")).json()["now"])
    told = {"staff_ids": ["1001"], "purpose": "orders", "version": 1}
    long_before = (now - timedelta(days=1)).isoformat()
    assert (await admin.post("/v1/staff/notices", json={**told, "notified_at": long_before})).status_code == 201
    return Office(tenant, source, now)


async def test_many_calls_come_in_as_lines_and_each_bad_one_names_its_fields(office: Office) -> None:
    integrator = office.of(Role.INTEGRATOR)
    start = office.now - timedelta(minutes=5)
    reversed_notice = {"id": "n", "kind": "notice_played", "party": "nobody", "purposes": ["orders"], "completed": True}
    reversed_notice |= {"started_at": start.isoformat(), "at": (start - timedelta(seconds=3)).isoformat()}
    many = [{"id": str(each), "kind": "held", "at": start.isoformat()} for each in range(10_000)]
    sent = [
        office.call("pbx-1"),
        office.call("pbx-2", timeline=[reversed_notice]),
        office.call("pbx-3", purposes=["nothing"]),
        office.call("pbx-4", language="fr"),
        office.call("pbx-5", parties=[{"party": "customer", "kind": "customer", "number": "12"}]),
        office.call("pbx-6", timeline=many),
        office.call("pbx-1", direction="outbound"),
        office.call("pbx-7", colour="blue"),
    ]
    body = "\n".join(json.dumps(each) for each in sent)
    headers = {"Content-Type": "application/x-ndjson"}
    answer = await integrator.post("/v1/calls/bulk", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [each["status"] for each in items] == [201, 422, 422, 422, 422, 422, 409, 422]
    named = [[field["field"] for field in (each["problem"] or {}).get("fields", [])] for each in items]
    assert named == [
        [],
        ["timeline.0.party", "timeline.0.at"],
        ["purposes.0", "timeline.0.purposes"],
        ["language", "timeline.0.language"],
        ["parties.0.number"],
        ["timeline"],
        [],
        ["colour"],
    ]
    assert {reason["rule"] for reason in items[1]["problem"]["reasons"]} == {"R01", "R03"}
    assert (items[0]["outcome"], items[6]["problem"]["code"]) == ("waiting", "external_id_used")
    assert len((await integrator.get("/v1/calls")).json()["items"]) == 1
    again = await integrator.post("/v1/calls/bulk", json=sent[:1])
    assert [(each["status"], each["id"]) for each in again.json()["items"]] == [(200, items[0]["id"])]
    for wrong, code in ((b"[1", "request_malformed"), (b"", "calls_missing"), (b"{}\n" * 1_001, "calls_too_many")):
        refused = await integrator.post("/v1/calls/bulk", content=wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert (await office.of(Role.REVIEWER).post("/v1/calls/bulk", content=b"")).status_code == 403


async def test_a_call_with_a_private_line_is_403_and_only_counted(office: Office) -> None:
    admin, integrator = office.of(Role.TENANT_ADMIN), office.of(Role.INTEGRATOR)
    path = f"/v1/sources/{office.source}/unrecorded-lines"
    both = await admin.post(path, json={"lines": [{"number": "020 1234567", "extension": "7"}]})
    assert both.status_code == 422
    (line,) = (await admin.post(path, json={"lines": [{"extension": "77", "label": "adviser"}]})).json()["lines"]
    parties = [{"party": "customer", "kind": "customer", "extension": "77"}]
    refused = await integrator.post("/v1/calls", json=office.call("pbx-1", parties=parties, timeline=[]))
    assert (refused.status_code, refused.json()["code"]) == (403, "line_never_recorded")
    assert refused.json()["reasons"][0]["rule"] == "R18"
    days = (await office.of(Role.AUDITOR).get(f"/v1/sources/{office.source}/denied-calls")).json()["days"]
    assert [each["calls"] for each in days] == [1]
    assert (await integrator.get("/v1/calls", params={"external_id": "pbx-1"})).json()["items"] == []
    assert [each["id"] for each in (await admin.get(path)).json()["items"]] == [line["id"]]
    assert (await admin.delete(f"{path}/{line['id']}")).status_code == 204


async def test_calls_are_found_explained_counted_and_reconciled(office: Office) -> None:
    integrator = office.of(Role.INTEGRATOR)
    call = (await integrator.post("/v1/calls", json=office.call("pbx-1"))).json()
    spoken = call["reference"].replace("0", "o").replace("1", "l").lower().replace("-", " ")
    for query in ({"reference": spoken}, {"outcome": "waiting"}, {"purpose": "orders"}):
        found = (await integrator.get("/v1/calls", params=query)).json()["items"]
        assert [each["id"] for each in found] == [call["id"]]
    (said,) = (await integrator.get("/v1/completeness")).json()["items"]
    assert (said["outcome"], said["gaps"]) == ("waiting", [[3_200, 60_000]])
    counts = (await integrator.get("/v1/completeness/counts", params={"outcome": "missing"})).json()["counts"]
    assert set(counts.values()) == {0}
    headers = {"Content-Type": "text/csv"}
    listed = "external_id,number\npbx-1,0612345678\npbx-2,0612345679\n"
    made = await integrator.post("/v1/cdr-imports", content=listed, headers=headers)
    assert made.status_code == 201, made.text
    assert made.json()["counts"] == {"waiting": 1, "unknown": 1}
    path = f"/v1/cdr-imports/{made.json()['id']}"
    unknown = (await integrator.get(f"{path}/lines", params={"state": "unknown"})).json()
    assert unknown == {"lines": [{"line": 3, "state": "unknown", "call": None, "problem": None}], "next_after": None}
    assert (await integrator.get(f"{path}/lines", params={"limit": 1})).json()["next_after"] == 2
    assert (await integrator.get("/v1/cdr-imports")).json()["items"] == [(await integrator.get(path)).json()]
    for content, kind, status in ((b"a", "text/plain", 415), (b"\xff\n", "text/csv", 422)):
        refused = await integrator.post("/v1/cdr-imports", content=content, headers={"Content-Type": kind})
        assert refused.status_code == status
    ending = {"reference": "contract-7", "at": office.now.isoformat()}
    assert (await integrator.post("/v1/endings", json=ending)).status_code == 201
    # A reference goes out in events: it has no room for a name (R07).
    for named in ("Jan de Vries", "jan@example.nl", ""):
        refused = await integrator.post("/v1/endings", json={**ending, "reference": named})
        assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "reference")


async def test_persons_are_searched_corrected_and_merged_by_two_officers(office: Office) -> None:
    integrator, officer = office.of(Role.INTEGRATOR), office.of(Role.PRIVACY_OFFICER)
    for number, known in enumerate(("C-1", "C-2")):
        parties = [{"party": "customer", "kind": "customer", "customer_number": known, "name": "Jo"}]
        await integrator.post("/v1/calls", json=office.call(f"pbx-{number}", parties=parties, timeline=[]))
    asked = {"identifiers": [{"kind": "customer_number", "value": each} for each in ("C-1", "C-2")]}
    one, other = [
        each["subject"] for each in (await officer.post("/v1/subjects/search", json=asked)).json()["subjects"]
    ]
    phone = {"kind": "number", "value": "020 1234567"}
    person = (await officer.post(f"/v1/subjects/{one}/identifiers", json=phone)).json()
    assert [each["value"] for each in person["identifiers"]] == ["C-1", "+31201234567"]
    verified = (await officer.post(f"/v1/subjects/{one}/identifiers/verify", json=phone)).json()
    assert verified["identifiers"][1]["verified_at"]
    removed = await officer.post(f"/v1/subjects/{one}/identifiers/remove", json=phone)
    assert (await officer.get(f"/v1/subjects/{one}")).json() == removed.json()
    merge = await officer.post("/v1/subject-merges", json={"subject": one, "merged": other})
    assert (merge.status_code, merge.json()["state"]) == (202, "proposed")
    path = f"/v1/subject-merges/{merge.json()['id']}"
    assert (await officer.post(f"{path}/approval")).json()["code"] == "second_person_needed"
    assert (await officer.post(f"{path}/split")).json()["state"] == "split"
    assert (await officer.get("/v1/subject-merges")).json()["items"][0]["state"] == "split"
    assert (await officer.get(f"/v1/subjects/{one}/consents")).json() == {"consents": []}
    assert (await office.of(Role.REVIEWER).get(f"/v1/subjects/{one}")).status_code == 403


async def test_settings_tenants_staff_and_past_versions_are_kept_by_whom_they_belong_to(
    office: Office, house: "House"
) -> None:
    admin, operator = office.of(Role.TENANT_ADMIN), house.operator("consent")
    etag = {"If-Match": (await admin.get("/v1/settings")).headers["etag"]}
    window = {"weekdays": [6, 7], "starts_at": "22:00", "ends_at": "06:00"}
    changed = await admin.patch("/v1/settings", json={"erasure_window": window, "guard_ms": 300}, headers=etag)
    assert (changed.json()["erasure_window"], changed.json()["guard_ms"]) == (window, 300)
    etag = {"If-Match": changed.headers["etag"]}
    reset = await admin.patch("/v1/settings", json={"erasure_window": None}, headers=etag)
    assert (reset.json()["erasure_window"], reset.json()["guard_ms"]) == (None, 300)
    path = f"/v1/tenants/{office.tenant.id}"
    moved = await operator.patch(path, json={"time_zone": "Europe/Brussels", "languages": ["nl"]})
    assert (moved.json()["time_zone"], moved.json()["state"]) == ("Europe/Brussels", "open")
    assert (await operator.patch(path, json={"time_zone": "Mars"})).status_code == 422
    assert (await admin.patch(path, json={"name": "Other"})).status_code == 403
    past = {**PURPOSE, "in_force_from": (office.now - timedelta(days=400)).isoformat(), "document": "minutes-7"}
    proposed = await admin.post("/v1/purposes", json=past)
    assert (proposed.status_code, proposed.json()["version"]) == (202, None)
    listed = (await admin.get("/v1/purpose-proposals")).json()["items"]
    assert [each["id"] for each in listed] == [proposed.json()["id"]]
    alone = await admin.post(f"/v1/purpose-proposals/{proposed.json()['id']}/approval")
    assert (alone.status_code, alone.json()["code"]) == (403, "second_person_needed")
    assert (await admin.post("/v1/purposes", json=PURPOSE | {"document": "x"})).status_code == 422
    assert (await admin.post("/v1/purposes/orders/retirement")).json()["retired_at"]
    assert len((await admin.get("/v1/purposes/orders/versions")).json()["versions"]) == 1
    staff = (await admin.post("/v1/staff", json={"staff_id": "1001"})).json()["subject"]
    acknowledged = {"staff_ids": ["1001"], "purpose": "orders", "version": 1}
    assert (await admin.post("/v1/staff/notices/acknowledgements", json=acknowledged)).json() == {"subjects": [staff]}
    assert (await admin.post(f"/v1/staff/{staff}/leaving", json={})).json()["left_at"]


async def test_a_tenant_without_anything_open_elsewhere_is_closed_and_takes_nothing_in(
    office: Office, house: "House"
) -> None:
    operator, integrator = house.operator("consent"), office.of(Role.INTEGRATOR)
    call = (await integrator.post("/v1/calls", json=office.call("pbx-1"))).json()

    async def closed() -> httpx.Response | None:
        answer = await operator.post(f"/v1/tenants/{office.tenant.id}/closing")
        # The others hear of a tenant by event: until then they do not know it.
        return answer if answer.status_code != 503 else None

    answer = await eventually(closed)
    assert (answer.status_code, answer.json()["state"]) == (200, "closed"), answer.text
    assert answer.json()["export_until"] > answer.json()["closed_at"]
    refused = await integrator.post("/v1/calls", json=office.call("pbx-2"))
    assert (refused.status_code, refused.json()["code"]) == (403, "tenant_closed")
    assert (await integrator.get(f"/v1/calls/{call['id']}")).status_code == 200
