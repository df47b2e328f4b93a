"""A request comes in: kept at once, answered alike for everyone, and secured as soon as the others answer."""

import asyncio
from typing import Any

import pytest
from recital_identity import Role
from recital_testing import eventually


async def test_a_request_is_answered_with_its_dates_and_secured_at_once(office: Any) -> None:
    answer = await office.post("", office.ask())
    assert answer.status_code == 201
    receipt = answer.json()
    assert receipt["state"] == "received"
    assert receipt["withholding"] == "in_force"
    assert set(receipt) == {
        "id",
        "kind",
        "state",
        "received_on",
        "due_on",
        "extended_due_on",
        "internal_target_on",
        "withholding",
    }
    received = await office.events("request.received")
    assert [(each["request"], each["subjects"]) for each in received] == [(receipt["id"], [office.asker])]


async def test_a_person_nobody_knows_gets_the_same_answer(office: Any) -> None:
    known = (await office.post("", office.ask())).json()
    office.script.subjects = []
    unknown = (await office.post("", office.ask())).json()
    assert {**known, "id": None} == {**unknown, "id": None}


async def test_with_the_others_away_a_request_is_taken_in_and_secured_later(office: Any) -> None:
    office.script.silent = {"consent", "retention"}
    answer = await office.post("", office.ask())
    assert (answer.status_code, answer.json()["withholding"]) == (201, "pending")
    request = answer.json()["id"]
    blocked = (await office.show(request))["blocked_by"]
    assert {"code": "resolving_pending", "service": "consent", "count": None} in blocked
    office.script.silent = {"retention"}

    async def blocked_by_retention() -> bool:
        blocks = (await office.show(request))["blocked_by"]
        return any(each["code"] == "withholding_pending" for each in blocks)

    await eventually(blocked_by_retention)
    office.script.silent = set()

    async def secured() -> bool:
        return bool((await office.show(request))["withholding"] == "in_force")

    await eventually(secured)
    assert len(await office.events("request.received")) == 1


async def test_identifiers_lie_sealed_and_nowhere_else(office: Any) -> None:
    request = await office.receive(note="Left-handed, calls on Mondays.")
    tables = ("requests", "request_entries", "outbox", "ledger_entries", "steps", "idempotency")
    dump = str([await office.rows(f"select t::text from {table} t") for table in tables])
    for secret in ("31612345678", "person@example.org", "Mondays"):
        assert secret not in dump
        assert secret.encode().hex() not in dump
    (row,) = await office.rows("select identifiers from requests where id = :id", id=request)
    assert b"31612345678" not in bytes(row.identifiers)


async def test_the_same_key_and_request_is_one_request_and_another_body_is_refused(office: Any) -> None:
    first = await office.post("", office.ask(), key="once")
    again = await office.post("", office.ask(), key="once")
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    other = await office.post("", office.ask(language="en"), key="once")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_a_retried_intake_at_the_same_moment_makes_one_request(office: Any) -> None:
    answers = await asyncio.gather(*(office.post("", office.ask(), key="race") for _ in range(4)))
    assert {each.status_code for each in answers} == {201}
    assert len({each.json()["id"] for each in answers}) == 1


async def test_a_request_of_every_kind_is_taken_in(office: Any) -> None:
    for kind in ("access", "erasure", "restriction", "rectification", "portability", "objection"):
        answer = await office.post("", office.ask(kind=kind))
        assert (answer.status_code, answer.json()["kind"]) == (201, kind)


async def test_an_officer_dates_a_letter_back_and_a_late_one_is_alarmed_at_once(office: Any) -> None:
    today = office.database.clock.now().date()
    old = today.replace(year=today.year - 1, month=12, day=1) if today.month < 12 else today.replace(month=1)
    answer = await office.post("", office.ask(received_on=old.isoformat()))
    assert answer.json()["received_on"] == old.isoformat()

    async def alarmed() -> bool:
        return "request_overdue" in await office.alarms()

    office.runtime.wake("watch")
    await eventually(alarmed)


async def test_the_portal_hands_in_but_neither_dates_back_nor_looks(office: Any) -> None:
    handed = await office.post("", office.ask(), Role.PORTAL)
    assert handed.status_code == 201
    dated = await office.post("", office.ask(received_on="2026-01-01"), Role.PORTAL)
    assert (dated.status_code, dated.json()["code"]) == (422, "received_on_not_yours")
    for path in ("", f"/{handed.json()['id']}", f"/{handed.json()['id']}/items"):
        assert (await office.get(path, Role.PORTAL)).status_code == 403


async def test_the_portal_is_limited_and_officers_are_not(office_of: Any) -> None:
    office = await office_of(portal_requests_per_hour=2)
    await office.open_tenant()
    statuses = [(await office.post("", office.ask(), Role.PORTAL)).status_code for _ in range(3)]
    assert statuses == [201, 201, 429]
    assert (await office.post("", office.ask())).status_code == 201


async def test_a_tenant_that_is_not_known_yet_is_asked_to_try_again(office_of: Any) -> None:
    office = await office_of()
    answer = await office.post("", office.ask())
    assert (answer.status_code, answer.json()["code"]) == (503, "tenant_not_ready")


async def test_another_tenants_request_is_missing_and_not_listed(office: Any) -> None:
    request = await office.receive()
    await office.open_tenant(office.other_tenant)
    missing = await office.get("/00000000-0000-0000-0000-00000000dead", tenant=office.other_tenant)
    foreign = await office.get(f"/{request}", tenant=office.other_tenant)
    assert (foreign.status_code, foreign.json()) == (404, missing.json())
    assert (await office.get("", tenant=office.other_tenant)).json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"identifiers": []}, "identifiers"),
        ({"identifiers": [{"kind": "caller_id", "value": "+31612345678"}]}, "identifiers.0.kind"),
        ({"identifiers": [{"kind": "number", "value": "x" * 201}]}, "identifiers.0.value"),
        ({"identifiers": [{"kind": "email", "value": "a\x00b"}]}, "identifiers.0.value"),
        ({"language": "fr"}, "language"),
        ({"surprise": 1}, "surprise"),
        ({"note": "n" * 10_001}, "note"),
    ],
)
async def test_what_is_malformed_is_refused_with_its_field_and_never_repeated(
    office: Any, changed: dict[str, Any], field: str
) -> None:
    answer = await office.post("", office.ask(**changed))
    assert answer.status_code == 422
    assert field in {each["field"] for each in answer.json()["fields"]}
    assert "31612345678" not in answer.text


async def test_the_work_list_begins_with_the_fewest_days_left_and_pages(office: Any) -> None:
    today = office.database.clock.now().date()
    late = await office.receive()
    days = [await office.receive(received_on=today.replace(day=1).isoformat()) for _ in range(2)]
    first = (await office.get("?sort=days_left&limit=2")).json()
    second = (await office.get(f"?sort=days_left&limit=2&cursor={first['next_cursor']}")).json()
    listed = [each["id"] for each in (*first["items"], *second["items"])]
    assert (set(listed), listed[-1] if today.day > 1 else late) == ({*days, late}, late)
    assert [each["next_step"] for each in first["items"]] == ["check_identity"] * 2
    assert (await office.get("?state=review")).json()["items"] == []
