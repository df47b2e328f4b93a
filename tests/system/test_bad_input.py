"""What must be refused before it does anything: tokens, bodies, roles; over real HTTP, at every service."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from recital_identity import LocalIssuer, Order, Role, SigningKey, issue_order, issue_subject
from recital_testing.house import SERVICES, House
from recital_testing.house.environment import AUDIENCE, ISSUER
from recital_testing.loopback import loopback_client
from recital_testing.service_secrets import signing_key

from demo.beginning import Begun

LISTS = {
    "consent": "/v1/calls",
    "ingest": "/v1/recordings",
    "retention": "/v1/holdings",
    "dsar": "/v1/requests",
}
# A role that may not read the list, and one that may.
OUTSIDER, READER = Role.PORTAL, Role.PRIVACY_OFFICER


async def asked(house: House, service: str, token: str | None, path: str | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with loopback_client(house.urls[service]) as client:
        return await client.get(path or LISTS[service], headers=headers)


def foreign_token(house: House, begun: Begun, **changed: Any) -> str:
    """A token of another issuer's key, or with other claims than ours would have."""
    issuer: LocalIssuer = changed.pop("issuer", house.tokens.issuer)
    claims: dict[str, Any] = {
        "audience": AUDIENCE,
        "tenant": begun.tenant.id,
        "roles": [READER],
        "subject": "somebody",
        "now": house.clock.now(),
        "lifetime": timedelta(hours=1),
    }
    return issuer.access_token(**{**claims, **changed})


async def test_without_a_token_nobody_comes_in(house: House, begun: Begun) -> None:
    for service in SERVICES:
        answer = await asked(house, service, None)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert (await asked(house, service, begun.tenant.token(READER))).status_code == 200


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"issuer": LocalIssuer(SigningKey.generate(), ISSUER)}, "token_unknown_key"),
        ({"audience": "somewhere-else"}, "token_wrong_audience"),
        ({"lifetime": timedelta(hours=-1)}, "token_expired"),
        ({"subject": ""}, "token_malformed"),
        ({"tenant": None}, "token_malformed"),
    ],
    ids=["another's key", "another audience", "expired", "no subject", "no tenant"],
)
@pytest.mark.parametrize("service", SERVICES)
async def test_a_token_that_is_not_ours_is_401(
    house: House, begun: Begun, service: str, changed: dict[str, Any], code: str
) -> None:
    answer = await asked(house, service, foreign_token(house, begun, **changed))
    assert (answer.status_code, answer.json()["code"]) == (401, code)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_role_without_the_right_is_403_before_existence_is_looked_at(
    house: House, begun: Begun, service: str
) -> None:
    token = begun.tenant.token(OUTSIDER)
    answers = [
        await asked(house, service, token, path) for path in (LISTS[service], f"{LISTS[service]}/{begun.call.id}")
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "role_missing")}


@pytest.mark.parametrize("service", SERVICES)
async def test_a_subjects_or_an_orders_token_opens_no_route_of_the_tenant(
    house: House, begun: Begun, service: str
) -> None:
    folder, now = house.places.secrets_of("dsar").signing_folder, house.clock.now()
    request, tenant = begun.call.id, begun.tenant.id
    order = Order(tenant=tenant, request=request, actions=frozenset({"collect"}), subjects=frozenset())
    subject_key, order_key = signing_key(folder / "subject.pem"), signing_key(folder / "order.pem")
    tokens = [
        issue_subject(subject_key, tenant=tenant, request=request, now=now, lifetime=timedelta(minutes=5)),
        issue_order(order, order_key, audience=service, now=now),
    ]
    for token in tokens:
        assert (await asked(house, service, token)).status_code == 401


MALFORMED: list[tuple[str, str, Role, dict[str, Any], str]] = [
    ("consent", "/v1/purposes", Role.TENANT_ADMIN, {"key": "x"}, "title"),
    ("consent", "/v1/sources", Role.TENANT_ADMIN, {"kind": "carrier pigeon", "name": "x"}, "kind"),
    ("consent", "/v1/staff", Role.TENANT_ADMIN, {"staff_id": "\x00", "bot": False}, "staff_id"),
    ("consent", "/v1/calls", Role.INTEGRATOR, {"direction": "sideways"}, "direction"),
    ("dsar", "/v1/requests", Role.PRIVACY_OFFICER, {"kind": "access", "identifiers": []}, "identifiers"),
    ("dsar", "/v1/requests", Role.PRIVACY_OFFICER, {"surprise": 1}, "surprise"),
    ("retention", "/v1/holds", Role.LEGAL_COUNSEL, {"recordings": ["no id"]}, "recordings.0"),
]


@pytest.mark.parametrize(("service", "path", "role", "body", "field"), MALFORMED, ids=[each[4] for each in MALFORMED])
async def test_a_malformed_body_is_422_and_names_the_field_but_repeats_nothing(
    begun: Begun, service: str, path: str, role: Role, body: dict[str, Any], field: str
) -> None:
    answer = await begun.tenant.client(service, role).post(path, json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in {each["field"] for each in answer.json()["fields"]}
    assert "carrier pigeon" not in answer.text


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 100_000, b""], ids=["cut", "no UTF-8", "deep", "empty"])
async def test_what_is_no_json_is_a_problem_document_and_no_failure_of_ours(begun: Begun, body: bytes) -> None:
    client = begun.tenant.client("consent", Role.INTEGRATOR)
    answer = await client.post("/v1/calls", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_idempotency_key_used_for_another_request_is_409(begun: Begun) -> None:
    client = begun.tenant.client("consent", Role.TENANT_ADMIN)
    headers = {"Idempotency-Key": "the-same"}
    first, again, other = [
        await client.post("/v1/sources", json={"kind": "trunk", "name": name}, headers=headers)
        for name in ("One line", "One line", "Another line")
    ]
    assert first.json()["id"] == again.json()["id"]
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
