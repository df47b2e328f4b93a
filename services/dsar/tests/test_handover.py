"""The code opens once, for one person; the package goes out whole, once, and then the link is dead."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from recital_dsar.actions.delivery import open_package
from recital_identity import Role, issue_subject, verify_subject
from recital_testing import eventually


def subject_token(office: Any, request: str, lifetime: timedelta = timedelta(minutes=5)) -> dict[str, str]:
    token = issue_subject(
        office.runtime.signing["subject"],
        tenant=office.tenant,
        request=UUID(request),
        now=office.database.clock.now(),
        lifetime=lifetime,
    )
    return {"Authorization": f"Bearer {token}"}


async def session(office: Any, request: str, code: str) -> Any:
    return await office.client.post(f"/v1/requests/{request}/session", json={"code": code})


async def test_the_package_goes_out_with_headers_that_keep_it_apart(office: Any) -> None:
    request, code = await office.ready()
    answer = await office.fetch(request, code)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="recital-{request}.zip"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_after_full_delivery_the_request_is_closed_and_the_link_dead(office: Any) -> None:
    # R09
    request, code = await office.ready()
    await office.fetch(request, code)
    shown = await office.show(request)
    assert (shown["state"], shown["outcome"], shown["days_left"]) == ("closed", "delivered", None)
    (closed,) = await office.events("request.closed")
    assert (closed["request"], closed["outcome"]) == (request, "delivered")
    again = await office.client.get(f"/v1/requests/{request}/package", headers=subject_token(office, request))
    assert (again.status_code, again.json()["code"]) == (410, "package_delivered")
    assert (await session(office, request, code)).status_code == 403

    async def forgotten() -> bool:
        (row,) = await office.rows("select identifiers_key from requests where id = :id", id=request)
        return row.identifiers_key is None

    await eventually(forgotten)
    # A letter is noted as sent whenever the mail server took it.
    entries = await office.rows("select kind from ledger_entries where kind <> 'letter.sent' order by id")
    assert [row.kind for row in entries][-4:] == [
        "session.opened",
        "package.opened",
        "package.delivered",
        "request.closed",
    ]


async def test_a_delivery_that_breaks_off_leaves_the_link_alive(office: Any) -> None:
    request, code = await office.ready()
    token = subject_token(office, request)["Authorization"].removeprefix("Bearer ")
    keys = office.runtime.signing.keys("subject")
    principal = verify_subject(token, keys, now=office.database.clock.now())
    download = await open_package(office.means, principal, UUID(request))
    assert await anext(download.chunks)
    await download.chunks.aclose()
    assert (await office.show(request))["state"] == "ready"
    assert (await office.fetch(request, code)).status_code == 200


async def test_a_code_works_once_and_a_new_one_ends_the_old(office: Any) -> None:
    request = await office.receive()
    old = await office.confirm(request)
    new = await office.confirm(request)
    assert (await session(office, request, old)).status_code == 403
    assert (await session(office, request, new.lower().replace("-", " "))).status_code == 200
    assert (await session(office, request, new)).status_code == 403


async def test_two_at_once_with_one_code_get_one_session(office: Any) -> None:
    request = await office.receive()
    code = await office.confirm(request)
    answers = await asyncio.gather(*(session(office, request, code) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [200, 403, 403, 403]


async def test_wrong_codes_and_unknown_requests_are_refused_alike(office: Any) -> None:
    request = await office.receive()
    without_code = await session(office, request, "AAAA-AAAA-AAAA-AAAA")
    await office.confirm(request)
    wrong = await session(office, request, "AAAA-AAAA-AAAA-AAAA")
    unknown = await session(office, "00000000-0000-7000-8000-00000000dead", "AAAA-AAAA-AAAA-AAAA")
    assert wrong.status_code == 403
    assert wrong.json() == unknown.json() == without_code.json()
    assert {k: v for k, v in wrong.headers.items() if k != "content-length"} == {
        k: v for k, v in unknown.headers.items() if k != "content-length"
    }


async def test_five_wrong_codes_lock_it_until_the_officer_makes_another(office: Any) -> None:
    request = await office.receive()
    code = await office.confirm(request)
    for _ in range(5):
        assert (await session(office, request, "AAAA-AAAA-AAAA-AAAA")).status_code == 403
    assert (await session(office, request, code)).status_code == 403
    assert "code_locked" in await office.alarms()
    assert (await session(office, request, await office.confirm(request))).status_code == 200


async def test_a_package_opens_for_its_own_persons_token_alone(office: Any) -> None:
    # R09: a copy goes to the person on record alone.
    request, _ = await office.ready()
    other = await office.receive()
    path = f"/v1/requests/{request}/package"
    foreign = await office.client.get(path, headers=subject_token(office, other))
    missing = await office.client.get(
        "/v1/requests/00000000-0000-7000-8000-00000000dead/package", headers=subject_token(office, other)
    )
    assert (foreign.status_code, foreign.json()) == (404, missing.json())
    officer = await office.client.get(path, headers=office.headers(Role.PRIVACY_OFFICER))
    assert officer.status_code == 401
    assert (await office.client.get(path)).status_code == 401
    late = subject_token(office, request)
    await office.move_clock("10 minutes")
    expired = await office.client.get(path, headers=late)
    assert (expired.status_code, expired.json()["code"]) == (401, "token_expired")
    assert (await office.show(request))["state"] == "ready"


async def test_the_persons_token_opens_nothing_else(office: Any) -> None:
    request, _ = await office.ready()
    token = subject_token(office, request)
    for path in ("", f"/{request}", f"/{request}/items"):
        assert (await office.client.get(f"/v1/requests{path}", headers=token)).status_code == 401


async def test_before_it_is_ready_and_after_its_time_it_is_not_given(office: Any) -> None:
    request, _ = await office.reviewed()
    early = await office.client.get(f"/v1/requests/{request}/package", headers=subject_token(office, request))
    assert (early.status_code, early.json()["code"]) == (409, "package_not_ready")
    await office.post(f"/{request}/decisions", {"all": True, "decision": "give"})
    await office.post(f"/{request}/package")
    await office.until(request, "ready")
    await office.move_clock("31 days")
    late = await office.client.get(f"/v1/requests/{request}/package", headers=subject_token(office, request))
    assert (late.status_code, late.json()["code"]) == (410, "package_expired")
