"""Retention's doors, with its loops running: who may ask what, and what is answered."""

import json
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from recital_identity import KeySet, Role, TokenKind, read
from recital_testing import eventually

TENANT = UUID(int=0xA)
OFFICER = Role.PRIVACY_OFFICER


@pytest_asyncio.fixture(loop_scope="session")
async def doors(room_of: Any) -> Any:
    made = await room_of(running=True)
    await made.open_tenant()
    return made


async def get(room: Any, path: str, *roles: Role, **more: Any) -> Any:
    return await room.client.get(f"/v1{path}", headers=room.token(*(roles or (OFFICER,)), **more))


async def post(room: Any, path: str, body: Any, *roles: Role, **more: Any) -> Any:
    headers = room.token(*(roles or (Role.LEGAL_COUNSEL,)))
    return await room.client.post(f"/v1{path}", json=body, headers=headers | more.pop("headers", {}))


def hold(*recordings: UUID, **changed: Any) -> dict[str, Any]:
    asked = {"reason": "claim", "matter": "matter 7", "review_on": "2999-01-01"}
    return asked | {"recordings": [str(each) for each in recordings]} | changed


async def until_erased(room: Any, holding: UUID) -> dict[str, Any]:
    async def erased() -> dict[str, Any] | None:
        await room.answer()
        shown: dict[str, Any] = (await get(room, f"/holdings/{holding}")).json()
        return shown if shown["state"] == "erased" else None

    return await eventually(erased, what="the holding is erased")


async def test_the_clocks_say_what_counts_before_someone_listens(doors: Any) -> None:
    recording = await doors.recording()
    answer = await get(doors, f"/recordings/{recording.recording}/clocks", Role.CASE_HANDLER)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert [each["key"] for each in shown["clocks"]] == ["quality", "contract"]
    assert shown["earliest_due_at"] == shown["clocks"][0]["due_at"]
    assert [each["expired"] for each in shown["clocks"]] == [False, False]
    assert (shown["restricted"], shown["held"]) == (False, False)


async def test_a_clock_that_ended_shows_as_expired_and_the_next_one_counts(doors: Any) -> None:
    recording = await doors.recording()
    await doors.later("1 month 1 day")

    async def expired() -> dict[str, Any] | None:
        shown: dict[str, Any] = (
            await get(doors, f"/recordings/{recording.recording}/clocks", Role.CASE_HANDLER)
        ).json()
        return shown if shown["clocks"][0]["expired"] else None

    shown = await eventually(expired)
    assert shown["earliest_due_at"] == shown["clocks"][1]["due_at"]


async def test_a_recording_goes_by_itself_and_its_certificate_can_be_read_and_verified(doors: Any) -> None:
    recording = await doors.recording()
    await doors.later("6 months 1 day")
    shown = await until_erased(doors, recording.recording)
    assert {place["kind"] for place in shown["places"] if place["absent_at"]} == {"object", "key", "rows"}
    assert [order["state"] for order in shown["orders"]] == ["certified"]
    answer = await get(doors, f"/certificates/{shown['certificate']}", Role.AUDITOR)
    assert answer.status_code == 200
    keys = KeySet.from_jwks((await doors.client.get("/.well-known/jwks.json")).json(), "certificate")
    assert read(TokenKind.CERTIFICATE, answer.json()["certificate"], keys) == answer.json()["claims"]
    gone = await get(doors, f"/recordings/{recording.recording}/clocks", Role.CASE_HANDLER)
    assert (gone.status_code, gone.json()["code"]) == (410, "recording_erased")

    entry = answer.json()["ledger_entry"]

    async def sequenced() -> bool:
        path = f"/ledgers/erasure/entries/{entry}/receipt"
        return bool((await get(doors, path, Role.AUDITOR)).status_code == 200)

    assert await eventually(sequenced)


async def test_holdings_are_listed_by_kind_state_and_due_date_in_pages(doors: Any) -> None:
    recordings = {str((await doors.recording()).recording) for _ in range(3)}
    first = (await get(doors, "/holdings?kind=recording&limit=2")).json()
    second = (await get(doors, f"/holdings?kind=recording&limit=2&cursor={first['next_cursor']}")).json()
    assert {each["id"] for each in first["items"] + second["items"]} == recordings
    assert second["next_cursor"] is None
    assert (await get(doors, "/holdings?state=erased")).json()["items"] == []
    calls = (await get(doors, "/holdings?kind=call&due_before=2020-01-01T00:00:00Z")).json()
    assert calls["items"] == []
    assert (await get(doors, "/holdings?kind=something")).status_code == 422
    assert (await get(doors, "/holdings?due_before=2026-01-01T00:00:00")).status_code == 422


async def test_open_erasures_show_their_age_and_what_is_in_the_way(doors: Any) -> None:
    recording = await doors.recording()
    await doors.revoke(recording)

    async def ordered() -> dict[str, Any] | None:
        found = [each for each in await doors.events("erasure.ordered") if each["kind"] == "recording"]
        return found[0] if found else None

    order = await eventually(ordered)
    await doors.stuck(order, recording.places[0])
    await doors.later("20 minutes")
    shown = (await get(doors, "/orders")).json()["items"]
    [mine] = [each for each in shown if each["holding"] == str(recording.recording)]
    assert mine["age_seconds"] >= 1200
    assert (mine["stuck_cause"], mine["places"], mine["places_proved"]) == ("store_refuses", 5, 0)
    alarms = (await get(doors, "/alarms")).json()["items"]
    assert "erasure_stuck" in {each["kind"] for each in alarms}


async def test_a_hold_is_placed_read_listed_and_released(doors: Any) -> None:
    recording = await doors.recording()
    answer = await post(doors, "/holds", hold(recording.recording), headers={"Idempotency-Key": "one"})
    assert answer.status_code == 201, answer.text
    placed = answer.json()
    again = await post(doors, "/holds", hold(recording.recording), headers={"Idempotency-Key": "one"})
    assert again.json() == placed
    assert placed["recordings"] == [str(recording.recording)]
    shown = await get(doors, f"/recordings/{recording.recording}/clocks", Role.LEGAL_COUNSEL)
    assert shown.json()["held"] is True
    assert [each["id"] for each in (await get(doors, "/holds")).json()["items"]] == [placed["id"]]
    assert (await get(doors, f"/holds/{placed['id']}")).json() == placed
    released = await post(doors, f"/holds/{placed['id']}/release", {"reason": "settled"})
    assert released.json()["released_at"] is not None
    assert (await get(doors, "/holds")).json()["items"] == []
    assert len((await get(doors, "/holds?released=true")).json()["items"]) == 1
    twice = await post(doors, f"/holds/{placed['id']}/release", {"reason": "settled"})
    assert (twice.status_code, twice.json()["code"]) == (409, "hold_released")


async def test_a_hold_that_comes_too_late_is_a_conflict_with_the_moment(doors: Any) -> None:
    recording = await doors.recording()
    await doors.revoke(recording)

    async def ordered() -> bool:
        return recording.recording in await doors.ordered()

    await eventually(ordered)
    answer = await post(doors, "/holds", hold(recording.recording))
    assert (answer.status_code, answer.json()["code"]) == (409, "deletion_began")
    assert "began at 20" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        hold(),
        hold(UUID(int=1), reason=""),
        hold(UUID(int=1), reason="x" * 2001),
        hold(UUID(int=1), reason="a\0b"),
        hold(UUID(int=1), review_on="soon"),
        hold(UUID(int=1), extra=1),
        {"reason": "claim"},
        [],
    ],
)
async def test_a_malformed_hold_is_refused(doors: Any, body: Any) -> None:
    assert (await post(doors, "/holds", body)).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "/holdings", Role.INTEGRATOR),
        ("GET", f"/holdings/{UUID(int=1)}", Role.REVIEWER),
        ("GET", "/orders", Role.TENANT_ADMIN),
        ("GET", f"/certificates/{UUID(int=1)}", Role.REVIEWER),
        ("GET", f"/recordings/{UUID(int=1)}/clocks", Role.STAFF),
        ("POST", "/holds", Role.PRIVACY_OFFICER),
        ("POST", f"/holds/{UUID(int=1)}/release", Role.AUDITOR),
        ("GET", "/holds", Role.STAFF),
    ],
)
async def test_a_role_without_the_right_is_refused_before_anything_is_looked_at(
    doors: Any, method: str, path: str, role: Role
) -> None:
    answer = await doors.client.request(method, f"/v1{path}", headers=doors.token(role))
    assert answer.status_code == 403
    assert (await doors.client.request(method, f"/v1{path}")).status_code == 401


async def test_what_is_another_tenants_answers_like_what_is_not_there(doors: Any) -> None:
    recording = await doors.recording()
    placed = (await post(doors, "/holds", hold(recording.recording))).json()
    theirs = {"tenant": doors.other_tenant}
    for path, missing, role in (
        (f"/holdings/{recording.recording}", f"/holdings/{doors.fresh()}", OFFICER),
        (f"/recordings/{recording.recording}/clocks", f"/recordings/{doors.fresh()}/clocks", Role.CASE_HANDLER),
        (f"/holds/{placed['id']}", f"/holds/{doors.fresh()}", OFFICER),
    ):
        foreign, absent = await get(doors, path, role, **theirs), await get(doors, missing, role, **theirs)
        assert foreign.status_code == absent.status_code == 404
        assert foreign.content == absent.content
    assert (await get(doors, "/holdings", **theirs)).json()["items"] == []
    headers = doors.token(Role.LEGAL_COUNSEL, tenant=doors.other_tenant)
    answer = await doors.client.post("/v1/holds", json=hold(recording.recording), headers=headers)
    assert answer.status_code == 404


async def withhold(doors: Any, token: Any, request: UUID, *subjects: UUID) -> Any:
    body = {"request": str(request), "subjects": [str(each) for each in subjects]}
    return await doors.client.post("/v1/withholdings", json=body, headers=token)


async def test_dsar_withholds_under_its_order_token_and_may_ask_again(doors: Any) -> None:
    recording, request = await doors.recording(), doors.fresh()
    token = doors.order("withhold", request, doors.customer)
    answer = await withhold(doors, token, request, doors.customer)
    assert answer.status_code == 201, answer.text
    assert (await withhold(doors, token, request, doors.customer)).json() == answer.json()
    await doors.later("6 months 1 day")

    async def kept() -> bool:
        return bool(await doors.state(recording.recording) == "due")

    assert await eventually(kept)


async def test_an_order_serves_its_own_request_subjects_action_and_service_only(doors: Any) -> None:
    request = doors.fresh()
    mine = doors.order("withhold", request, doors.customer)
    assert (await withhold(doors, mine, doors.fresh(), doors.customer)).status_code == 403
    assert (await withhold(doors, mine, request, doors.agent)).status_code == 403
    assert (await withhold(doors, doors.order("collect", request, doors.customer), request)).status_code == 403
    assert (await withhold(doors, doors.token(OFFICER), request)).status_code == 401


async def test_a_closed_request_withholds_nothing(doors: Any) -> None:
    request = await doors.request(doors.customer)
    await doors.close(request)
    answer = await withhold(doors, doors.order("withhold", request, doors.customer), request, doors.customer)
    assert (answer.status_code, answer.json()["code"]) == (409, "request_closed")


async def test_dsar_renders_only_what_speaks_of_the_requests_subjects(doors: Any) -> None:
    recording, request = await doors.recording(), doors.fresh()
    path = f"/v1/recordings/{recording.recording}/clocks"
    theirs = await doors.client.get(path, headers=doors.order("render", request, doors.customer))
    assert theirs.status_code == 200
    others = await doors.client.get(path, headers=doors.order("render", request, doors.fresh()))
    assert others.status_code == 404


async def test_dsar_fetches_the_part_that_was_announced(doors: Any) -> None:
    await doors.recording()
    request = await doors.request(doors.customer)
    ordered = doors.collection_ordered(request, doors.customer)
    await doors.hear(ordered)

    async def collected() -> dict[str, Any] | None:
        found = await doors.events("part.collected")
        return found[0] if found else None

    part = await eventually(collected)
    token = doors.order("collect", request, doors.customer)
    answer = await doors.client.get(f"/v1/collections/{ordered.order}/part", headers=token)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert len(answer.content) == part["size"]
    assert len(json.loads(answer.content)["items"]) == part["items"]
    foreign = doors.order("collect", doors.fresh(), doors.customer)
    assert (await doors.client.get(f"/v1/collections/{ordered.order}/part", headers=foreign)).status_code == 404


async def test_the_erasure_ledger_can_be_read_by_an_auditor(doors: Any) -> None:
    await doors.revoke(await doors.recording())

    async def sequenced() -> list[Any] | None:
        await doors.answer()
        answer = await get(doors, "/ledgers/erasure/entries", Role.AUDITOR)
        kinds = [each["kind"] for each in answer.json()["items"]]
        return kinds if "erasure_certified" in kinds else None

    assert "erasure_ordered" in await eventually(sequenced)


async def test_readiness_says_degraded_while_the_bus_is_away(doors: Any) -> None:
    answer = await doors.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")


async def test_a_hold_by_person_and_period_shows_its_scope_and_what_is_malformed_is_refused(doors: Any) -> None:
    recording = await doors.recording()
    subjects = {"recordings": None, "subjects": [str(doors.customer)], "future": True}
    period = {"from": "2020-01-01T00:00:00Z", "until": None}
    placed = await post(doors, "/holds", hold() | subjects | {"period": period})
    assert placed.status_code == 201, placed.text
    shown = placed.json()
    assert shown["recordings"] == [str(recording.recording)]
    assert (shown["subjects"], shown["period"], shown["future"]) == ([str(doors.customer)], period, True)
    backwards = {"from": "2020-01-01T00:00:00Z", "until": "2020-01-01T00:00:00Z"}
    for wrong in (
        hold(recording.recording, future=True),
        hold(recording.recording, calls=[str(recording.call)]),
        hold(recording.recording, period=period),
        hold() | subjects | {"period": backwards},
        hold() | subjects | {"period": {"from": "2020-01-01T00:00:00"}},
        hold() | subjects | {"review_on": "2001-01-01"},
        hold() | {"recordings": None},
    ):
        answer = await post(doors, "/holds", wrong)
        assert answer.status_code == 422, answer.text
