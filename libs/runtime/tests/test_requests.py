"""Guards before bodies, commits before answers, problem documents for everything that goes wrong."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import APIRouter
from recital_identity import LocalIssuer, Role, SigningKey
from recital_runtime import Router
from recital_testing import eventually

INTEGRATOR, OFFICER, AUDITOR = Role.INTEGRATOR, Role.PRIVACY_OFFICER, Role.AUDITOR
OTHER = UUID(int=0xB)
BODY = {"name": "a"}


async def made(small: Any, tenant: UUID | None = None) -> int:
    headers = small.headers(INTEGRATOR, tenant=tenant) if tenant else small.headers(INTEGRATOR)
    answer = await small.client.get("/v1/things/count", headers=headers)
    return int(answer.json()["count"])


async def test_what_is_answered_was_committed(small: Any) -> None:
    answer = await small.client.post("/v1/things", json=BODY, headers=small.headers(INTEGRATOR))
    assert answer.status_code == 201
    assert await made(small) == 1
    assert await made(small, OTHER) == 0


async def test_a_commit_that_fails_is_503_and_leaves_nothing(small: Any) -> None:
    answer = await small.client.post(
        "/v1/things", json=BODY | {"lose_connection": True}, headers=small.headers(INTEGRATOR)
    )
    assert answer.status_code == 503
    assert answer.json()["code"] == "database_unavailable"
    assert answer.headers["retry-after"] == "1"
    assert await made(small) == 0


async def test_a_refusal_names_the_rule_and_leaves_nothing(small: Any) -> None:
    answer = await small.client.post("/v1/things", json=BODY | {"fail": True}, headers=small.headers(INTEGRATOR))
    problem = answer.json()
    assert answer.status_code == problem["status"] == 409
    assert answer.headers["content-type"] == "application/problem+json"
    [reason] = problem["reasons"]
    assert (reason["code"], reason["rule"], reason["party"]) == ("notice_missing", "R03", "customer")
    assert reason["text_nl"]
    assert reason["text_en"]
    assert await made(small) == 0


async def test_without_a_token_nothing_is_read(small: Any) -> None:
    answer = await small.client.post("/v1/things", content=b"{not json")
    assert answer.status_code == 401
    assert answer.json()["code"] == "token_missing"
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_role_without_the_right_is_403_before_the_body_is_read(small: Any) -> None:
    answer = await small.client.post("/v1/things", content=b"{not json", headers=small.headers(AUDITOR))
    assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")


async def test_a_foreign_or_expired_token_is_401(small: Any) -> None:
    stranger = LocalIssuer(SigningKey.generate(), "https://issuer.example")
    small_issuer, small.issuer = small.issuer, stranger
    foreign = small.headers(INTEGRATOR)
    small.issuer = small_issuer
    assert (await small.client.post("/v1/things", json=BODY, headers=foreign)).status_code == 401
    old = small.token(INTEGRATOR, lifetime=timedelta(hours=-1))
    answer = await small.client.post("/v1/things", json=BODY, headers={"Authorization": f"Bearer {old}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")


async def test_a_malformed_body_names_the_field_and_does_not_repeat_it(small: Any) -> None:
    answer = await small.client.post(
        "/v1/things", json={"name": 7, "tenant_id": "secret"}, headers=small.headers(INTEGRATOR)
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "request_malformed")
    assert {each["field"] for each in problem["fields"]} == {"name", "tenant_id"}
    assert "secret" not in answer.text


async def test_a_request_sent_again_gives_the_same_and_makes_nothing(small: Any) -> None:
    headers = small.headers(INTEGRATOR) | {"Idempotency-Key": "k"}
    first = await small.client.post("/v1/things", json=BODY, headers=headers)
    again = await small.client.post("/v1/things", json=BODY, headers=headers)
    assert first.json() == again.json()
    other = await small.client.post("/v1/things", json={"name": "b"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_the_operator_enters_the_tenant_it_names(small: Any) -> None:
    operator = small.headers(Role.OPERATOR, tenant=None)
    assert (await small.client.post(f"/v1/tenants/{OTHER}/things", headers=operator)).status_code == 201
    assert await made(small, OTHER) == 1
    assert (await small.client.get("/v1/things/count", headers=operator)).status_code == 403


@pytest.mark.parametrize(("path", "method", "status"), [("/v1/nothing", "GET", 404), ("/v1/things", "DELETE", 405)])
async def test_what_is_not_there_is_a_problem_too(small: Any, path: str, method: str, status: int) -> None:
    answer = await small.client.request(method, path)
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_every_answer_is_safe_to_show(small: Any) -> None:
    answer = await small.client.get("/v1/things/count", headers=small.headers(INTEGRATOR))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_service_whose_stores_are_away_is_unready_and_alive(small: Any) -> None:
    ready = await small.client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["checks"] | {"keys": "", "objects": ""} == {
        "database": "ok", "keys": "", "objects": "", "bus": "down", "clock": "ok", "started": "ok",
    }  # fmt: skip
    alive = await small.client.get("/livez")
    assert (alive.status_code, alive.json()["status"]) == (200, "alive")


async def test_a_ledger_entry_gets_its_receipt_by_itself(small: Any) -> None:
    await small.client.post("/v1/things", json=BODY, headers=small.headers(INTEGRATOR))

    async def listed() -> str | None:
        answer = await small.client.get("/v1/ledgers/access/entries", headers=small.headers(AUDITOR))
        return next((each["id"] for each in answer.json()["items"]), None)

    entry = await eventually(listed)
    path = f"/v1/ledgers/access/entries/{entry}/receipt"
    receipt = await small.client.get(path, headers=small.headers(OFFICER))
    assert receipt.status_code == 200
    assert receipt.json()["size"] == 1
    assert (await small.client.get("/v1/ledgers/other/checkpoint", headers=small.headers(AUDITOR))).status_code == 404


async def test_metrics_name_routes_and_no_ids(small: Any) -> None:
    await small.client.post(f"/v1/tenants/{OTHER}/things", headers=small.headers(Role.OPERATOR, tenant=None))
    text = (await small.client.get("/metrics")).text
    assert 'route="/v1/tenants/{tenant}/things"' in text
    assert str(OTHER) not in text


async def test_before_it_has_started_a_service_answers_503(small: Any) -> None:
    from recital_errors import Unavailable  # noqa: PLC0415 - only here

    small.runtime.not_serving = Unavailable("starting")
    answer = await small.client.get("/v1/things/count", headers=small.headers(INTEGRATOR))
    shown = {path: await small.client.get(path) for path in ("/livez", "/readyz", "/metrics")}
    small.runtime.not_serving = None
    assert (answer.status_code, answer.json()["code"]) == (503, "starting")
    assert {path: each.status_code for path, each in shown.items()} == {"/livez": 200, "/readyz": 503, "/metrics": 200}
    assert shown["/readyz"].json()["checks"]["started"] == "starting"


def test_a_route_without_a_guard_cannot_be_made() -> None:
    router: APIRouter = Router()
    with pytest.raises(ValueError, match="has no guard"):

        @router.get("/open")
        async def forgotten() -> None:
            """It has no guard."""


def write(file: Path, text: str) -> None:
    file.write_text(text)


async def test_the_issuers_keys_may_change_while_the_service_runs(small: Any) -> None:
    renewed = replace(small, issuer=LocalIssuer(SigningKey.generate(), "https://issuer.example"))
    assert (await small.client.get("/v1/things/count", headers=renewed.headers(INTEGRATOR))).status_code == 401
    for said, trusted, refused in (("{", small, renewed), (json.dumps(renewed.issuer.keys.jwks()), renewed, small)):
        write(small.settings.token_keys_file, said)
        small.runtime.wake("token_keys")

        async def heeded(trusted: Any = trusted) -> bool:
            return bool((await small.client.get("/v1/things/count", headers=trusted.headers(INTEGRATOR))).is_success)

        await eventually(heeded)
        answer = await small.client.get("/v1/things/count", headers=refused.headers(INTEGRATOR))
        assert answer.status_code == 401
