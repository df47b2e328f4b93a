"""No limit passes in silence, and work that fails is seen (R16)."""

from typing import Any

from recital_identity import Role
from recital_testing import eventually


async def alarmed(office: Any, *kinds: str) -> None:
    async def all_there() -> bool:
        return bool(set(kinds) <= await office.alarms())

    office.runtime.wake("watch")
    await eventually(all_there, what=f"alarms {kinds}")


async def test_each_limit_is_alarmed_as_time_goes_on(office: Any) -> None:
    request = await office.receive()
    assert await office.alarms() == set()
    await office.move_clock("12 days")
    await alarmed(office, "request_target_passed")
    await office.move_clock("40 days")
    await alarmed(office, "request_due_soon", "request_due", "request_overdue")
    rows = await office.rows("select kind, about from alarms where kind like 'request%'")
    assert sorted(row.kind for row in rows) == [
        "request_delayed",
        "request_due",
        "request_due_soon",
        "request_overdue",
        "request_target_passed",
    ]
    assert {str(row.about) for row in rows} == {request}
    assert (await office.show(request))["days_left"] < 0


async def test_an_alarm_that_was_acknowledged_does_not_come_again(office: Any) -> None:
    await office.receive()
    await office.move_clock("12 days")
    await alarmed(office, "request_target_passed")
    headers = office.headers(Role.PRIVACY_OFFICER)
    (alarm,) = (await office.client.get("/v1/alarms", headers=headers)).json()["items"]
    path = f"/v1/alarms/{alarm['id']}/acknowledge"
    assert (await office.client.post(path, json={"reason": "Seen."}, headers=headers)).status_code == 200
    await office.move_clock("1 hour")
    office.runtime.wake("watch")
    await office.move_clock("40 days")
    await alarmed(office, "request_overdue")
    assert len(await office.rows("select id from alarms where kind = 'request_target_passed'")) == 1


async def test_a_closed_request_is_watched_no_more(office: Any) -> None:
    request, code = await office.ready()
    await office.fetch(request, code)
    await office.move_clock("400 days")
    await office.open_tenant()
    assert await office.rows("select id from open_requests") == []
    assert not {kind for kind in await office.alarms() if kind.startswith("request_")}


async def test_work_that_fails_for_ten_minutes_is_alarmed_and_goes_on(office: Any) -> None:
    office.script.silent = {"retention"}
    request = await office.receive()
    await office.move_clock("11 minutes")
    await alarmed(office, "step_failing")
    office.script.silent = set()

    async def secured() -> bool:
        return bool((await office.show(request))["withholding"] == "in_force")

    await office.move_clock("2 minutes")
    await eventually(secured)


async def test_one_tenants_failing_work_does_not_hold_up_anothers(office: Any) -> None:
    await office.open_tenant(office.other_tenant)
    office.script.silent = {"retention"}
    for _ in range(3):
        await office.receive()
    office.script.silent = set()
    request, _ = await office.reviewed()
    assert (await office.show(request))["state"] == "review"
