"""The service as its callers see it, over HTTP in the running house."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from recital_identity import Role
from recital_testing.loopback import loopback_client

if TYPE_CHECKING:
    from recital_testing.house import House
    from recital_testing.house.tenants import TestTenant

CUSTOMER, AGENT = "+31612345678", "1001"


@dataclass
class Office:
    """A tenant with a purpose, a source and a member of staff who was told, and who calls on its behalf."""

    tenant: "TestTenant"
    integrator: httpx.AsyncClient
    admin: httpx.AsyncClient
    source: str
    purpose: dict[str, Any]

    async def now(self) -> datetime:
        return datetime.fromisoformat((await self.integrator.get("/livez")).json()["now"])

    def call(self, external_id: str, **changes: Any) -> dict[str, Any]:
        body = {
            "external_id": external_id,
            "source": self.source,
            "direction": "inbound",
            "language": "nl",
            "purposes": ["order_evidence"],
            "parties": [
                {"party": "customer", "kind": "customer", "type": "person", "number": "06 12345678"},
                {"party": "agent", "kind": "staff", "type": "person", "staff_id": AGENT},
            ],
        }
        return body | changes

    async def registered(self, external_id: str, **changes: Any) -> dict[str, Any]:
        answer = await self.integrator.post("/v1/calls", json=self.call(external_id, **changes))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def write(self, call: str, *entries: dict[str, Any], **how: Any) -> httpx.Response:
        return await self.integrator.post(f"/v1/calls/{call}/timeline", json={"entries": entries}, **how)


def purpose(**changes: Any) -> dict[str, Any]:
    return {
        "key": "order_evidence",
        "title": "Evidence of orders",
        "basis": {"kind": "contract", "document": "terms-2026"},
        "notices": {"nl": "Wij nemen dit gesprek op.", "en": "We record this call."},
        "retention": "P6M",
        "roles": ["case_handler"],
        "staff_safeguards": {"works_council": {"kind": "none_fewer_than_50"}},
    } | changes


def entry(kind: str, at: datetime, **fields: Any) -> dict[str, Any]:
    return {"id": f"{kind}-{at.timestamp()}", "kind": kind, "at": at.isoformat(), **fields}


def notice(start: datetime, end: datetime, **fields: Any) -> dict[str, Any]:
    told = {"party": "customer", "purposes": ["order_evidence"], "completed": True, "started_at": start.isoformat()}
    return entry("notice_played", end, **(told | fields))


@pytest_asyncio.fixture(loop_scope="session")
async def office(house: "House") -> Office:
    tenant = await house.open_tenant()
    admin = tenant.client("consent", Role.TENANT_ADMIN)
    published = (await admin.post("/v1/purposes", json=purpose())).json()
    source = (await admin.post("/v1/sources", json={"kind": "trunk", "name": "Main line"})).json()
    await admin.post("/v1/staff", json={"staff_id": AGENT, "name": "Employee"})
    made = Office(tenant, tenant.client("consent", Role.INTEGRATOR), admin, source["id"], published)
    told = {"staff_ids": [AGENT], "purpose": "order_evidence", "version": 1}
    long_before = (await made.now() - timedelta(days=1)).isoformat()
    answer = await admin.post("/v1/staff/notices", json={**told, "notified_at": long_before})
    assert answer.status_code == 201, answer.text
    return made


async def permit_of(office: Office, call: str, start: datetime, end: datetime) -> httpx.Response:
    channels = [{"channel": 0, "party": "customer"}, {"channel": 1, "party": "agent"}]
    times = {"audio_started_at": start.isoformat(), "audio_ended_at": end.isoformat()}
    return await office.integrator.post(f"/v1/calls/{call}/permit", json={**times, "channels": channels})


async def one_round_trip(office: Office, external_id: str) -> tuple[dict[str, Any], datetime]:
    """A call of a minute, registered after its end with all that happened."""
    start = await office.now() - timedelta(minutes=2)
    timeline = [
        notice(start - timedelta(seconds=6), start - timedelta(seconds=1)),
        entry("ended", start + timedelta(seconds=60)),
    ]
    return await office.registered(external_id, answered_at=start.isoformat(), timeline=timeline), start


def fields(answer: httpx.Response) -> list[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return [each["field"] for each in answer.json()["fields"]]


async def test_a_call_goes_from_denied_to_told_to_ended_to_a_final_permit(office: Office) -> None:
    call = await office.registered("pbx-1")
    assert not call["decision"]["may_record"]
    assert [each["code"] for each in call["decision"]["reasons"]] == ["notice_missing"]
    assert call["decision"]["notices"][0]["text"] == "Wij nemen dit gesprek op."
    start = await office.now()
    told = await office.write(
        call["id"],
        entry("answered", start),
        notice(start + timedelta(seconds=1), start + timedelta(seconds=2)),
    )
    assert told.status_code == 200, told.text
    later = await office.write(call["id"], entry("ended", start + timedelta(seconds=4)))
    assert later.status_code == 200, later.text
    answer = await permit_of(office, call["id"], start + timedelta(seconds=2.2), start + timedelta(seconds=4))
    assert answer.status_code == 201, answer.text
    permit = answer.json()
    assert permit["spans"] == [{"purposes": ["order_evidence"], "spans": [[2200, 4000]]}]
    standing = (await office.integrator.post("/v1/permits/verify", json={"permit": permit["permit"]})).json()
    assert (standing["stands"], standing["spans"]) == (True, permit["spans"])


# Coming in.


async def test_without_a_token_or_the_right_nothing_is_looked_at(office: Office, house: "House") -> None:
    anonymous = loopback_client(house.urls["consent"])
    body = office.call("pbx-1")
    assert (await anonymous.post("/v1/calls", json=body)).status_code == 401
    for role in Role:
        if role in {Role.OPERATOR, Role.SUBJECT, Role.INTEGRATOR}:
            continue
        answer = await office.tenant.client("consent", role).post("/v1/calls", content=b"not even json")
        assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")
    assert (await house.operator("consent").post("/v1/calls", json=body)).status_code == 403
    assert (await anonymous.post("/v1/subjects/resolve", json={"identifiers": []})).status_code == 401
    await anonymous.aclose()


async def test_another_tenants_call_answers_as_a_missing_one(office: Office, house: "House") -> None:
    call = await office.registered("pbx-1")
    other = (await house.open_tenant("Second")).client("consent", Role.INTEGRATOR)
    start = await office.now()
    for path in (f"/v1/calls/{call['id']}", f"/v1/calls/{UUID(int=5)}"):
        read = await other.get(path)
        written = await other.post(f"{path}/timeline", json={"entries": [entry("held", start)]})
        for answer in (read, written):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert read.content == (await other.get(f"/v1/calls/{UUID(int=6)}")).content
    assert (await other.get("/v1/calls", params={"external_id": "pbx-1"})).json() == {"items": [], "next_cursor": None}
    stolen = await other.post("/v1/calls", json=office.call("pbx-9"))
    assert (stolen.status_code, stolen.json()["code"]) == (404, "not_found")


async def test_the_operator_opens_reads_and_lists_tenants_and_the_same_key_opens_one(house: "House") -> None:
    operator = house.operator("consent")
    where = {"country": "NL", "time_zone": "Europe/Amsterdam", "number_region": "NL"}
    wanted = {"name": "Once", "languages": ["nl"], **where}
    headers = {"Idempotency-Key": "open-once"}
    first = await operator.post("/v1/tenants", json=wanted, headers=headers)
    again = await operator.post("/v1/tenants", json=wanted, headers=headers)
    assert first.status_code == 201
    assert first.json() == again.json()
    assert (await operator.get(f"/v1/tenants/{first.json()['id']}")).json() == first.json()
    assert (await operator.get(f"/v1/tenants/{UUID(int=4)}")).status_code == 404
    page = (await operator.get("/v1/tenants", params={"limit": 1})).json()
    assert len(page["items"]) == 1
    wrong = await operator.post("/v1/tenants", json=wanted | {"time_zone": "Mars/Base", "country": "xx"})
    assert (wrong.status_code, fields(wrong)) == (422, ["country", "time_zone"])


async def test_settings_need_the_etag_they_were_read_with(office: Office) -> None:
    read = await office.admin.get("/v1/settings")
    assert read.json()["guard_ms"] == 200
    change = {"guard_ms": 350, "works_council": {"kind": "reference", "reference": "OR-7"}}
    assert (await office.admin.patch("/v1/settings", json=change)).status_code == 412
    etag = {"If-Match": read.headers["etag"]}
    changed = await office.admin.patch("/v1/settings", json=change, headers=etag)
    assert (changed.status_code, changed.json()["guard_ms"], changed.json()["version"]) == (200, 350, 2)
    assert (await office.admin.patch("/v1/settings", json=change, headers=etag)).status_code == 412
    too_wide = await office.admin.patch("/v1/settings", json={"guard_ms": 2_001}, headers={"If-Match": '"2"'})
    assert (too_wide.status_code, fields(too_wide)) == (422, ["guard_ms"])


# Purposes and people.


async def test_purposes_are_read_in_every_version_and_named_where_incomplete(office: Office) -> None:
    second = await office.admin.post("/v1/purposes", json=purpose(retention="P1M"))
    assert second.json()["version"] == 2
    read = office.integrator.get
    assert (await read("/v1/purposes/order_evidence")).json() == second.json()
    first = (await read("/v1/purposes/order_evidence", params={"version": 1})).json()
    assert first == office.purpose
    assert first["notices"]["nl"]["sha256"] == first["notice_sha256"]["nl"]
    assert [each["version"] for each in (await read("/v1/purposes")).json()["items"]] == [2]
    assert (await read("/v1/purposes/nothing")).status_code == 404
    bare = purpose(basis={"kind": "legitimate_interests"}, roles=["integrator"], staff_safeguards={}, retention="long")
    wrong = await office.admin.post("/v1/purposes", json=bare)
    assert wrong.status_code == 422
    assert fields(wrong) == [
        "retention",
        "roles",
        "basis.document",
        "basis.outcome",
        "basis.review_on",
        "staff_safeguards.works_council",
    ]
    assert {each["rule"] for each in wrong.json()["reasons"]} == {"R08", "R10", "R11", "R20"}


async def test_sources_and_staff_are_registered(office: Office) -> None:
    made = await office.admin.post("/v1/sources", json={"kind": "number", "name": "Desk", "numbers": ["020 1234567"]})
    assert made.json()["numbers"] == ["+31201234567"]
    assert len((await office.admin.get("/v1/sources")).json()["items"]) == 2
    bot = (await office.admin.post("/v1/staff", json={"staff_id": "ivr", "bot": True})).json()
    told = {"subjects": [bot["subject"]], "purpose": "order_evidence", "version": 1}
    notified_at = (await office.now()).isoformat()
    logged = await office.admin.post("/v1/staff/notices", json={**told, "notified_at": notified_at})
    assert [each["subject"] for each in logged.json()["notices"]] == [bot["subject"]]


# Calls.


async def test_one_request_registers_a_call_with_its_notice_and_its_end(office: Office) -> None:
    call, start = await one_round_trip(office, "pbx-1")
    assert call["timeline_version"] == 2
    assert [each["code"] for each in call["decision"]["reasons"]] == ["call_ended"]
    (kept,) = call["decision"]["keepable"]
    assert kept["purpose"] == "order_evidence"
    assert [datetime.fromisoformat(each["starts_at"]) for each in kept["spans"]] == [start]
    permit = await permit_of(office, call["id"], start, start + timedelta(seconds=60))
    assert (permit.status_code, permit.json()["final"]) == (201, True)
    entries = (await office.integrator.get(f"/v1/calls/{call['id']}/timeline")).json()["entries"]
    assert [each["kind"] for each in entries] == ["notice_played", "ended"]
    assert (await office.integrator.get(f"/v1/calls/{call['id']}")).json()["id"] == call["id"]


async def test_the_same_external_id_is_the_same_call_and_another_body_is_409(office: Office) -> None:
    call = await office.registered("pbx-1")
    again = await office.integrator.post("/v1/calls", json=office.call("pbx-1"))
    assert (again.status_code, again.json()["id"]) == (200, call["id"])
    other = await office.integrator.post("/v1/calls", json=office.call("pbx-1", direction="outbound"))
    assert (other.status_code, other.json()["code"]) == (409, "external_id_used")
    listed = (await office.integrator.get("/v1/calls", params={"external_id": "pbx-1"})).json()
    assert [each["id"] for each in listed["items"]] == [call["id"]]


async def test_calls_are_listed_page_by_page(office: Office) -> None:
    ids = [(await office.registered(f"pbx-{number}"))["id"] for number in range(3)]
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = (await office.integrator.get("/v1/calls", params={"limit": 2, **cursor})).json()
        seen += [each["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == ids


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"language": "fr"}, ["language"]),
        ({"purposes": ["nothing"]}, ["purposes.0"]),
        ({"purposes": []}, ["purposes"]),
        ({"parties": [{"party": "c", "kind": "customer", "number": "12"}]}, ["parties.0.number"]),
        ({"parties": [{"party": "a b", "kind": "customer"}]}, ["parties.0.party"]),
        ({"colour": "blue"}, ["colour"]),
        ({"answered_at": "2026-03-02T09:00:00"}, ["answered_at"]),
        ({"answered_at": "0001-01-01T00:00:00+14:00"}, ["answered_at"]),
        ({"external_id": "\u0000"}, ["external_id"]),
    ],
)
async def test_a_malformed_call_is_422_with_its_field_and_nothing_is_stored(
    office: Office, change: dict[str, Any], named: list[str]
) -> None:
    answer = await office.integrator.post("/v1/calls", json=office.call("pbx-1") | change)
    assert (answer.status_code, fields(answer)) == (422, named)
    assert (await office.integrator.get("/v1/calls")).json()["items"] == []


async def test_a_malformed_entry_is_422_with_its_field_and_no_entry_of_the_request_is_stored(office: Office) -> None:
    call, now = await office.registered("pbx-1"), await office.now()
    sound = entry("answered", now)
    wrong: list[tuple[dict[str, Any], list[str], str | None]] = [
        (notice(now, now - timedelta(seconds=1)), ["entries.1.at"], "R03"),
        (notice(now - timedelta(seconds=1), now, language="fr"), ["entries.1.language"], "R03"),
        (notice(now - timedelta(seconds=1), now, purposes=["nothing"]), ["entries.1.purposes"], "R04"),
        (entry("left", now, party="nobody"), ["entries.1.party"], "R01"),
        (entry("left", now), ["entries.1.party"], None),
        (entry("held", now, completed=True), ["entries.1.completed"], None),
        (entry("held", now + timedelta(hours=1)), ["entries.1.at"], None),
        (entry("telepathy", now), ["entries.1.kind"], None),
    ]
    for bad, named, rule in wrong:
        answer = await office.write(call["id"], sound, bad)
        assert (answer.status_code, fields(answer)) == (422, named)
        assert {each.get("rule") for each in answer.json().get("reasons", [])} == ({rule} if rule else set())
    assert (await office.integrator.get(f"/v1/calls/{call['id']}/timeline")).json() == {"entries": []}


async def test_a_timeline_of_ten_thousand_entries_is_422(office: Office) -> None:
    call, now = await office.registered("pbx-1"), await office.now()
    answer = await office.write(call["id"], *({**entry("held", now), "id": str(n)} for n in range(10_000)))
    assert (answer.status_code, fields(answer)) == (422, ["entries"])


async def test_an_entry_sent_again_is_written_once_and_with_other_content_409(office: Office) -> None:
    call, now = await office.registered("pbx-1"), await office.now()
    held = {**entry("held", now), "id": "h"}
    key = {"Idempotency-Key": "a"}
    assert (await office.write(call["id"], held, headers=key)).status_code == 200
    assert (await office.write(call["id"], held, headers=key)).status_code == 200
    assert (await office.write(call["id"], held)).json()["timeline_version"] == 1
    other = await office.write(call["id"], {**held, "party": "customer"})
    assert (other.status_code, other.json()["code"]) == (409, "entry_differs")
    reused = await office.write(call["id"], {**held, "id": "h2"}, headers=key)
    assert (reused.status_code, reused.json()["code"]) == (409, "idempotency_key_reused")


async def test_staff_stop_and_mark_their_own_calls_and_no_others(office: Office) -> None:
    call, now = await office.registered("pbx-1"), await office.now()
    staff = office.tenant.client("consent", Role.STAFF)
    path = f"/v1/calls/{call['id']}/timeline"
    assert (await staff.post(path, json={"entries": [entry("paused", now)]})).status_code == 200
    marked = await staff.post(path, json={"entries": [entry("marked_private", now)]})
    assert marked.json()["private"]
    refused = await staff.post(path, json={"entries": [entry("unpaused", now)]})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_for_staff")


# Permits.


async def test_a_refused_permit_names_every_rule_with_its_text(office: Office) -> None:
    call, now = await office.registered("pbx-1"), await office.now()
    await office.write(call["id"], entry("answered", now - timedelta(seconds=60)), entry("ended", now))
    answer = await permit_of(office, call["id"], now - timedelta(seconds=50), now)
    assert (answer.status_code, answer.json()["code"]) == (403, "permit_refused")
    (reason,) = answer.json()["reasons"]
    assert (reason["code"], reason["rule"], reason["party"]) == ("notice_missing", "R03", "customer")
    assert reason["text_nl"]
    assert reason["text_en"]


async def test_audio_that_cannot_be_this_calls_is_422_with_its_field(office: Office) -> None:
    call, start = await one_round_trip(office, "pbx-1")
    late = await permit_of(office, call["id"], start, start + timedelta(seconds=63))
    assert (late.status_code, fields(late), late.json()["code"]) == (422, ["audio_ended_at"], "audio_outside_call")
    body = {"channels": [{"channel": 0, "party": "nobody"}]}
    wrong = await office.integrator.post(f"/v1/calls/{call['id']}/permit", json=body)
    assert (wrong.status_code, fields(wrong)) == (422, ["channels.0.party", "audio_started_at"])


async def test_segments_are_carried_in_the_permit(office: Office) -> None:
    call, start = await one_round_trip(office, "pbx-1")
    segments = [
        {"starts_at": (start + timedelta(seconds=at)).isoformat(), "offset_ms": offset, "duration_ms": 1_000}
        for at, offset in ((1, 0), (5, 1_000))
    ]
    body = {"segments": segments, "channels": [{"channel": 0, "party": "customer"}]}
    answer = await office.integrator.post(f"/v1/calls/{call['id']}/permit", json=body)
    assert answer.status_code == 201, answer.text


async def test_a_late_objection_revokes_a_permit_and_the_ledger_says_so(office: Office) -> None:
    basis = {"kind": "legitimate_interests", "document": "LIA-1", "outcome": "ours", "review_on": "2099-01-01"}
    published = await office.admin.post("/v1/purposes", json=purpose(basis=basis))
    told = {"staff_ids": [AGENT], "purpose": "order_evidence", "version": published.json()["version"]}
    long_before = (await office.now() - timedelta(days=1)).isoformat()
    await office.admin.post("/v1/staff/notices", json={**told, "notified_at": long_before})
    call, start = await one_round_trip(office, "pbx-1")
    permit = (await permit_of(office, call["id"], start, start + timedelta(seconds=60))).json()
    objected = await office.write(call["id"], entry("objected", start + timedelta(seconds=90), party="customer"))
    assert objected.json()["decision"]["keepable"][0]["spans"] == []
    standing = (await office.integrator.post("/v1/permits/verify", json={"permit": permit["permit"]})).json()
    assert standing == {"stands": False, "suspended": False, "spans": [], "final": True, "reason": "objected"}
    refused = await permit_of(office, call["id"], start, start + timedelta(seconds=60))
    assert [each["rule"] for each in refused.json()["reasons"]] == ["R17"]


async def test_a_permit_of_another_hand_is_403(office: Office) -> None:
    forged = await office.integrator.post("/v1/permits/verify", json={"permit": "e30.e30.AAAA"})
    assert (forged.status_code, forged.json()["code"].startswith("permit_")) == (403, True)
