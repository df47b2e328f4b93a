"""The register gives figures and rows without persons; the work list asks as much for many requests as for one."""

import csv
import io
from typing import Any

import pytest
from recital_identity import Role
from recital_testing import eventually

SPAN = "since=2020-01-01&until=2100-01-01"
EVIL = ["<img src=x onerror=alert(1)>", '=HYPERLINK("http://x")', "\u202egnp.exe", "../../etc/passwd", "+31612345678"]


async def test_figures_count_what_was_answered_in_time_late_extended_and_refused(office: Any) -> None:
    headers = office.headers(Role.AUDITOR)
    refused = await office.receive()
    await office.post(f"/{refused}/refusal", {"ground": "withdrawn"})
    await office.until(refused, "closed")
    extended = await office.receive(kind="erasure")
    await office.post(f"/{extended}/extension", {"ground": "complex", "reason": "Much."})

    async def in_force() -> bool:
        return (await office.show(extended))["extended_at"] is not None

    await eventually(in_force)
    answer = await office.client.get(f"/v1/register?{SPAN}", headers=headers)
    found = answer.json()
    assert (found["all"]["received"], found["all"]["open"], found["all"]["refused"]) == (2, 1, 1)
    assert (found["all"]["met"], found["all"]["missed"], found["all"]["average_days"]) == (1, 0, 0.0)
    assert (found["by_kind"]["erasure"]["extended"], found["by_kind"]["access"]["extended"]) == (1, 0)
    for role in (Role.PORTAL, Role.TENANT_ADMIN):
        assert (await office.client.get(f"/v1/register?{SPAN}", headers=office.headers(role))).status_code == 403


async def test_the_export_is_csv_without_formulas_and_without_persons(office: Any) -> None:
    request = await office.receive(identifiers=[{"kind": "customer_number", "value": "=1+1"}])
    answer = await office.client.get(f"/v1/register.csv?{SPAN}", headers=office.headers(Role.PRIVACY_OFFICER))
    assert answer.headers["content-type"].startswith("text/csv")
    head, row = csv.reader(io.StringIO(answer.text))
    assert dict(zip(head, row, strict=True))["id"] == request
    assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@"))]
    await office.open_tenant(office.other_tenant)
    headers = office.headers(Role.PRIVACY_OFFICER, tenant=office.other_tenant)
    foreign = await office.client.get(f"/v1/register.csv?{SPAN}", headers=headers)
    assert len(foreign.text.splitlines()) == 1


async def test_the_work_list_asks_no_more_for_many_requests_than_for_one(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recital_database import Transaction  # noqa: PLC0415 - counted here alone

    asked: list[Any] = []
    execute = Transaction.execute

    async def counted(self: Any, statement: Any, *values: Any, **named: Any) -> Any:
        asked.append(self)
        return await execute(self, statement, *values, **named)

    request, _ = await office.reviewed()
    monkeypatch.setattr(Transaction, "execute", counted)

    async def statements() -> int:
        async with office.database.transaction(office.tenant) as tx:
            from recital_dsar.actions.reading import work_list  # noqa: PLC0415 - beside what it is counted with

            asked.clear()
            await work_list(tx, after=None, most=50, state=None, by_due_date=True)
            return len(asked)

    one = await statements()
    for _ in range(4):
        await office.receive()
    assert (await office.get("?sort=days_left")).json()["items"][0]["next_step"]
    assert await statements() == one
    assert request


async def test_requests_on_paper_come_in_together_all_or_none(office: Any) -> None:
    today = office.database.clock.now().date().isoformat()
    many = {"requests": [office.ask(received_on=today), office.ask(kind="erasure")]}
    taken = await office.post("/bulk", many, key="stack")
    assert (taken.status_code, [each["kind"] for each in taken.json()]) == (201, ["access", "erasure"])
    again = await office.post("/bulk", many, key="stack")
    assert [each["id"] for each in again.json()] == [each["id"] for each in taken.json()]
    bad = {"requests": [office.ask(), office.ask(received_on="2199-01-01")]}
    assert (await office.post("/bulk", bad)).status_code == 422
    assert len((await office.get("")).json()["items"]) == 2
    assert (await office.post("/bulk", many, Role.PORTAL)).status_code == 403

    async def secured() -> bool:
        return bool((await office.show(taken.json()[1]["id"]))["withholding"] == "in_force")

    await office.move_clock("6 seconds")
    await eventually(secured)


async def test_what_a_stranger_writes_is_kept_as_it_is_and_does_nothing(office: Any) -> None:
    for text in EVIL:
        identifiers = [{"kind": "customer_number", "value": text}]
        answer = await office.post("", office.ask(identifiers=identifiers, note=text), Role.PORTAL)
        assert answer.status_code == 201
        assert text not in answer.text
        asked = [body for _, path, body in office.script.asked if path == "/v1/subjects/resolve"]
        assert asked[-1]["identifiers"][0]["value"] == text


async def test_long_strings_and_forged_addresses_are_refused_with_their_field(office: Any) -> None:
    long = "x" * 10_240
    for changed, field in (
        ({"identifiers": [{"kind": "number", "value": long}]}, "identifiers.0.value"),
        ({"note": long}, "note"),
        ({"channel": {"kind": "letter", "address": long}}, "channel.address"),
        ({"channel": {"kind": "email", "address": "a@b.example\r\nBcc: c@d.example"}}, "channel"),
        ({"channel": {"kind": "email", "address": "a@b.example, c@d.example"}}, "channel"),
        ({"channel": {"kind": "email"}}, "channel"),
        ({"channel": {"kind": "letter"}}, "channel"),
    ):
        answer = await office.post("", office.ask(**changed), Role.PORTAL)
        assert answer.status_code == 422
        assert any(each["field"].startswith(field) for each in answer.json()["fields"]), answer.text
        assert long not in answer.text


async def test_an_officer_sees_by_when_a_breach_must_be_reported(office: Any) -> None:
    officer = office.headers(Role.PRIVACY_OFFICER)
    asked = {"aware_at": "2026-01-02T03:04:05Z", "risk": "high", "unreadable": "true"}
    answer = await office.client.get("/v1/breach-duties", params=asked, headers=officer)
    assert answer.json() == {
        "report_by": "2026-01-05T03:04:05Z",
        "explain_delay": True,
        "tell_people": False,
        "exempt": "34(3)(a)",
    }
    for wrong in ({"aware_at": "2199-01-01T00:00:00Z"}, {"aware_at": "2026-01-02T03:04:05"}, {"risk": "some"}):
        refused = await office.client.get("/v1/breach-duties", params=asked | wrong, headers=officer)
        assert refused.status_code == 422
    assert (
        await office.client.get("/v1/breach-duties", params=asked, headers=office.headers(Role.AUDITOR))
    ).status_code == 403
