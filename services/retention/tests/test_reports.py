"""Reports and previews over HTTP: the register, erasures by month, what is overdue, how it goes, and who may ask."""

from typing import Any
from uuid import UUID

import pytest
from recital_identity import Role
from recital_retention.actions import reporting

TENANT = UUID(int=0xA)
OFFICER, ADMIN, AUDITOR = Role.PRIVACY_OFFICER, Role.TENANT_ADMIN, Role.AUDITOR


async def get(room: Any, path: str, *roles: Role, **more: Any) -> Any:
    return await room.client.get(f"/v1{path}", headers=room.token(*(roles or (OFFICER,)), **more))


async def post(room: Any, path: str, body: Any, *roles: Role) -> Any:
    return await room.client.post(f"/v1{path}", json=body, headers=room.token(*(roles or (OFFICER,))))


async def serving(room: Any) -> Any:
    """Its doors open, its loops run when told."""
    room.runtime.not_serving = None
    room.runtime.tokens.trust(room.issuer.keys)
    return room


async def test_the_register_names_every_purpose_with_its_time_and_every_kind(room: Any) -> None:
    await serving(room)
    await room.recording()
    await room.publish(room.contract, "contract", "P3M", version=2)
    shown = (await get(room, "/reports/register", AUDITOR)).json()
    lines = [(each["key"], each["version"], each["retention"], each["recordings"]) for each in shown["purposes"]]
    assert lines == [("contract", 1, "P6M", 1), ("contract", 2, "P3M", 0), ("quality", 1, "P1M", 1)]
    kinds = {each["kind"]: each["holdings"] for each in shown["kinds"]}
    assert kinds["recording"] == kinds["call"] == 1
    assert kinds["identity"] == 2


async def test_erasures_are_counted_by_month_and_ground(room: Any) -> None:
    await serving(room)
    await room.revoke(await room.recording())
    await room.settle()
    today = room.now.date().isoformat()
    shown = (await get(room, f"/reports/erasures?first={today}&last={today}")).json()["months"]
    assert ("recording", "permit_revoked", 1) in [(each["kind"], each["ground"], each["holdings"]) for each in shown]
    assert sum(each["holdings"] for each in shown) == 4
    wrong = await get(room, f"/reports/erasures?first={today}&last=2020-01-01")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "period_malformed")


async def test_nothing_is_overdue_until_the_schedule_stops_looking(room: Any) -> None:
    await serving(room)
    recording = await room.recording()
    await room.later("6 months 1 day")
    assert [each["id"] for each in (await get(room, "/reports/overdue")).json()["items"]] == [str(recording.recording)]
    await room.settle()
    assert (await get(room, "/reports/overdue")).json()["items"] == []
    progress = (await get(room, "/reports/progress")).json()
    assert (progress["done"], progress["left"]) == (4, 0)
    assert progress["per_second"] > 0


async def test_what_is_kept_is_not_overdue(room: Any) -> None:
    recording = await room.recording()
    await room.request(room.customer)
    await room.later("6 months 1 day")
    await room.settle()
    assert await room.state(recording.recording) == "due"
    async with room.database.transaction(TENANT) as tx:
        assert await reporting.overdue(tx, after=None, most=10) == []


async def test_a_preview_counts_lists_and_changes_nothing(room: Any) -> None:
    await serving(room)
    await room.recording()
    await room.later("2 months")
    await room.settle()
    answer = await post(room, "/policy-previews?limit=1", {"purpose": "contract", "retention": "P1M"}, ADMIN)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["erased"], shown["clocks_moved"], shown["moved"], shown["second_person_needed"]) == (4, 1, 1, False)
    assert len(shown["items"]) == 1
    assert shown["next_cursor"]
    assert (await post(room, "/policy-previews", {}, OFFICER)).json()["erased"] == 0
    for wrong in (
        {"purpose": "contract"},
        {"retention": "P1M"},
        {"purpose": "contract", "kind": "call", "retention": "P1M"},
        {"kind": "recording", "retention": "P1M"},
        {"purpose": "contract", "retention": "P0D"},
        {"other": 1},
    ):
        assert (await post(room, "/policy-previews", wrong, ADMIN)).status_code == 422
    unknown = await post(room, "/policy-previews", {"purpose": "nothing", "retention": "P1M"}, ADMIN)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "purpose_unknown")
    first, last = room.now.date(), room.now.date().replace(year=room.now.year + 1)
    days = (await get(room, f"/schedule?first={first}&last={last}&kind=recording")).json()["days"]
    assert [(each["purpose"], each["holdings"]) for each in days] == [("contract", 1)]


async def test_the_operator_sees_counts_of_all_tenants_and_nobody_else_does(room: Any) -> None:
    await serving(room)
    await room.revoke(await room.recording())
    operator = room.token(Role.OPERATOR, tenant=None)
    shown = (await room.client.get("/v1/reports/progress/tenants", headers=operator)).json()["tenants"]
    assert [(each["tenant"], each["due"]) for each in shown] == [(str(TENANT), 1)]
    assert (await get(room, "/reports/progress/tenants", OFFICER)).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "/reports/register", Role.INTEGRATOR),
        ("GET", "/reports/overdue", Role.REVIEWER),
        ("GET", "/waiting-erasures", Role.STAFF),
        ("POST", "/policy-previews", Role.REVIEWER),
        ("POST", f"/waiting-erasures/{UUID(int=1)}/propose", ADMIN),
        ("POST", f"/waiting-erasures/{UUID(int=1)}/approve", AUDITOR),
    ],
)
async def test_a_role_without_the_right_is_refused(room: Any, method: str, path: str, role: Role) -> None:
    await serving(room)
    answer = await room.client.request(method, f"/v1{path}", json={}, headers=room.token(role))
    assert answer.status_code == 403


async def test_what_waits_is_shown_proposed_and_approved_over_http(room: Any) -> None:
    await serving(room)
    async with room.database.transaction(TENANT) as tx:
        await tx.execute(
            "insert into waiting_parts (tenant_id, found_at, most) values (:tenant, :at, 1000)",
            {"tenant": TENANT, "at": tx.now},
        )
    await room.later("2 hours")
    [part] = (await get(room, "/waiting-erasures")).json()["items"]
    assert part["age_seconds"] >= 7200
    path = f"/waiting-erasures/{part['id']}"
    assert (await post(room, f"{path}/propose", {"reason": "looked at"})).json()["proposed_by"] == "somebody"
    refused = await post(room, f"{path}/approve", {"reason": "me again"})
    assert (refused.status_code, refused.json()["code"]) == (403, "second_person_needed")
    assert (await get(room, path)).json()["approved_at"] is None
    assert (await get(room, f"{path}/holdings")).json()["items"] == []
    assert (await get(room, f"/waiting-erasures/{UUID(int=1)}")).status_code == 404
