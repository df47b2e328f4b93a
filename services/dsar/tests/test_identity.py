"""Who asks is settled by an officer: documents are noted and not kept, and a one-time code is handed over."""

from datetime import date, timedelta
from typing import Any

from recital_identity import Role
from recital_testing import eventually


async def test_confirmed_identity_gives_a_code_and_orders_the_collection(office: Any) -> None:
    request = await office.receive()
    code = await office.confirm(request)
    shown = await office.show(request)
    assert [len(group) for group in code.split("-")] == [4, 4, 4, 4]
    assert (shown["state"], shown["next_step"]) == ("collecting", "await_parts")
    assert [each["service"] for each in shown["blocked_by"]] == ["consent", "ingest", "retention"]
    (ordered,) = await office.events("collection.ordered")
    assert (ordered["order"], ordered["subjects"]) == (shown["order"], [office.asker])


async def test_a_person_nobody_knows_is_collected_for_like_anyone(office: Any) -> None:
    office.script.subjects = []
    request = await office.receive()
    await office.confirm(request)
    (ordered,) = await office.events("collection.ordered")
    assert (ordered["request"], ordered["subjects"]) == (request, [])


async def test_confirmed_before_the_others_answered_collects_when_they_do(office: Any) -> None:
    office.script.silent = {"retention"}
    request = await office.receive()
    await office.confirm(request)
    shown = await office.show(request)
    assert (shown["state"], shown["next_step"]) == ("identified", "order_collection")
    office.script.silent = set()
    await office.until(request, "collecting")


async def test_what_an_officer_notes_lies_sealed_and_is_committed_to(office: Any) -> None:
    request = await office.receive()
    await office.confirm(request)
    dump = str([await office.rows(f"select t::text from {table} t") for table in ("request_entries", "ledger_entries")])
    assert "Passport" not in dump
    kinds = [row.kind for row in await office.rows("select kind from ledger_entries order by id")]
    told = [kind for kind in kinds if not kind.startswith("letter.")]
    assert told == ["request.received", "request.withheld", "identity.confirmed", "collection.ordered", "code.made"]


async def test_refused_identity_ends_the_request_and_its_identifiers(office: Any) -> None:
    request = await office.receive()
    (before,) = await office.rows("select identifiers_key from requests where id = :id", id=request)
    answer = await office.post(f"/{request}/identity", {"outcome": "refused", "note": "Another person's papers."})
    assert (answer.json()["state"], answer.json()["next_step"], answer.json()["code"]) == (
        "refused",
        "send_letter",
        None,
    )
    await office.until(request, "closed")
    (closed,) = await office.events("request.closed")
    assert (closed["request"], closed["outcome"]) == (request, "refused")

    async def forgotten() -> bool:
        (row,) = await office.rows("select identifiers, identifiers_key from requests where id = :id", id=request)
        return (row.identifiers, row.identifiers_key) == (None, None)

    await eventually(forgotten)
    assert await office.runtime.vault.keys.absent(office.tenant, [before.identifiers_key])
    assert (await office.show(request))["next_step"] == "nothing"


async def test_doubt_stops_the_period_by_whole_days(office: Any) -> None:
    request = await office.receive()
    asked = await office.post(f"/{request}/identity", {"outcome": "asked"})
    assert (asked.json()["state"], asked.json()["next_step"]) == ("identity_asked", "await_identity")
    due = date.fromisoformat(asked.json()["due_on"])
    await office.move_clock("14 days")
    await office.confirm(request)
    moved = date.fromisoformat((await office.show(request))["due_on"])
    # Fourteen days later, or a little more where that is no working day.
    assert timedelta(days=10) <= moved - due <= timedelta(days=20)
    assert moved != due


async def test_identity_is_settled_once_and_only_another_code_follows(office: Any) -> None:
    request = await office.receive()
    first = await office.confirm(request)
    second = await office.confirm(request)
    assert first != second
    for outcome in ("refused", "asked"):
        again = await office.post(f"/{request}/identity", {"outcome": outcome})
        assert (again.status_code, again.json()["code"]) == (409, "request_state")


async def test_only_a_privacy_officer_checks_identity(office: Any) -> None:
    request = await office.receive()
    for role in (Role.PORTAL, Role.AUDITOR, Role.TENANT_ADMIN, Role.CASE_HANDLER):
        answer = await office.post(f"/{request}/identity", {"outcome": "confirmed"}, role)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")
    assert (await office.get(f"/{request}", Role.AUDITOR)).status_code == 200
