"""Another tenant's id answers exactly like a missing one, on every route of every service that reads by id.

The routes are taken from the services' own OpenAPI documents: one that is not in the matrix here fails.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from recital_identity import Order, Role, issue_order, issue_subject
from recital_testing.house import SERVICES, House, TestTenant
from recital_testing.house.tokens import TENANT_ROLES
from recital_testing.loopback import loopback_client
from recital_testing.service_secrets import signing_key

from demo.asking import As
from demo.beginning import Begun
from demo.calling import PURPOSE
from demo.journey import Journey, Outcome

MISSING = UUID("01890000-0000-7000-8000-000000000000")
# A tenant names its purposes itself: this word is nobody's, the other somebody else's.
NOBODYS, THEIR = "nobodys_purpose", "their_purpose"
# What a route's parameter is the id of; words that are no ids are put in as they are.
WORDS = {"log": ("consent", "access", "erasure", "requests"), "quarter": ("2026-Q4",)}
# What lies within something else, and is nobody's without it; a part that waits takes a thousand erasures to make.
WITHIN = {"/timeline/{entry}": "/timeline/ended", "/letters/{letter}": f"/letters/{MISSING}", "{part}": "{holding}"}
# The operator sees every tenant: for this reader there are no foreign ones.
OPERATORS = {"/v1/tenants/{tenant_id}"}
# Served to dsar's orders, and to the person behind a request.
ORDERED, PERSONAL = {"/v1/collections/{order}/part"}, {"/v1/requests/{request}/package"}
MINUTES = 5


async def routes_by_id(house: House) -> list[tuple[str, str]]:
    found = []
    async with loopback_client() as client:
        for service in SERVICES:
            paths: dict[str, Any] = (await client.get(f"{house.urls[service]}/openapi.json")).json()["paths"]
            read = [path for path, methods in paths.items() if "get" in methods and not path.startswith("/internal/")]
            found += [(service, without_what_lies_within(path)) for path in read if "{" in path]
    return found


def without_what_lies_within(path: str) -> str:
    for inner, filled in WITHIN.items():
        path = path.replace(inner, filled)
    return path


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def theirs(
    begin_anew: Callable[[], Awaitable[Begun]], outcome: Outcome, walked_journey: Journey, house: House
) -> dict[str, set[str]]:
    """Ids of other tenants, alive and erased, by what they are the id of."""
    begun = await begin_anew()
    recording = await begun.send()
    heard = await begun.journey.hearing.listen(recording, begun.purpose, begun.journey.dialogue)
    asked = await begun.journey.requesting.receive()
    await begun.journey.requesting.collect(asked)
    shown = await begun.journey.ask.get("dsar", f"/v1/requests/{asked.id}", As(Role.PRIVACY_OFFICER))
    hold = await begun.journey.ask.post(
        "retention",
        "/v1/holds",
        As(Role.LEGAL_COUNSEL),
        {"reason": "A claim", "matter": "M-1", "review_on": "2099-01-01", "recordings": [str(recording.id)]},
    )
    purpose = PURPOSE | {"key": THEIR}
    await begun.journey.ask.post("consent", "/v1/purposes", As(Role.TENANT_ADMIN), purpose)
    subject = await subject_of(begun)
    said = await begun.journey.ask.post(
        "consent", f"/v1/subjects/{subject}/objections", As(Role.INTEGRATOR), {"purposes": [THEIR]}
    )
    listed = await begun.tenant.client("consent", Role.INTEGRATOR).post(
        "/v1/cdr-imports", content="external_id\nunknown-1\n", headers={"Content-Type": "text/csv"}
    )
    sources = await begun.journey.ask.get("consent", "/v1/sources", As(Role.TENANT_ADMIN))
    certificates = [each.id for each in outcome.certificates.values()]
    found: dict[str, Sequence[object]] = {
        "call": [begun.call.id, outcome.call.id],
        "recording": [recording.id, outcome.recording.id],
        "grant": [heard.grant],
        "request": [asked.id],
        "hold": [hold["id"]],
        "holding": [recording.id, begun.call.id, outcome.recording.id],
        "certificate": certificates,
        "order": [shown["order"]],
        "entry": [recording.ledger_entry],
        "purpose_key": [THEIR],
        "subject": [subject],
        "statement": [said["id"]],
        "import": [listed.raise_for_status().json()["id"]],
        "source": [each["id"] for each in sources["items"]],
    }
    return {name: set(map(str, ids)) for name, ids in found.items()}


async def subject_of(begun: Begun) -> str:
    known = {"identifiers": [{"kind": "number", "value": begun.journey.calling.number}]}
    found = await begun.journey.ask.post("consent", "/v1/subjects/search", As(Role.PRIVACY_OFFICER), known)
    return str(found["subjects"][0]["subject"])


@pytest.fixture
def own(house: House, begun: Begun) -> TestTenant:
    """Who asks: another tenant."""
    return TestTenant(house, begun.tenant.id)


async def test_every_route_that_reads_by_id_is_in_the_matrix(house: House, theirs: dict[str, set[str]]) -> None:
    routes = await routes_by_id(house)
    assert len(routes) >= 12
    for _, path in routes:
        if path not in OPERATORS:
            assert all(known(name) in theirs.keys() | WORDS.keys() for name in parameters(path)), path


async def test_a_foreign_id_is_answered_like_a_missing_one_everywhere(
    house: House, own: TestTenant, theirs: dict[str, set[str]]
) -> None:
    compared, otherwise = 0, set()
    async with loopback_client(timeout=30) as client:
        for service, path in await routes_by_id(house):
            if path in OPERATORS:
                continue
            for foreign in ids_for(path, theirs):
                for filled, missing in variants(path, foreign):
                    token = await token_for(client, house, own, service, path, missing)
                    one = await client.get(f"{house.urls[service]}{filled}", headers=bearer(token))
                    other = await client.get(f"{house.urls[service]}{missing}", headers=bearer(token))
                    assert seen(one) == seen(other), (service, path)
                    if one.status_code != 404:
                        otherwise.add((service, path, one.status_code))
                    compared += 1
    assert otherwise == set()
    assert compared >= 12


async def test_a_foreign_id_in_a_path_that_writes_is_404_as_well(
    house: House, own: TestTenant, theirs: dict[str, set[str]]
) -> None:
    call, recording, request = (next(iter(theirs[name])) for name in ("call", "recording", "request"))
    tries = [
        ("consent", f"/v1/calls/{call}/timeline", Role.INTEGRATOR, {"entries": [entry(house)]}),
        ("ingest", f"/v1/recordings/{recording}/grants", Role.CASE_HANDLER, {"purpose": "p", "reason": "r"}),
        ("dsar", f"/v1/requests/{request}/decisions", Role.PRIVACY_OFFICER, {"all": True, "decision": "give"}),
        ("dsar", f"/v1/requests/{request}/package", Role.PRIVACY_OFFICER, None),
    ]
    for service, path, role, body in tries:
        client = own.client(service, role)
        ids = re.compile(r"[0-9a-f-]{36}")
        one, other = [await client.post(each, json=body) for each in (path, ids.sub(str(MISSING), path))]
        assert seen(one) == seen(other), path
        assert one.status_code == 404, path


async def test_a_foreign_id_as_a_filter_finds_nothing(own: TestTenant, theirs: dict[str, set[str]]) -> None:
    for call in theirs["call"]:
        answer = await own.client("ingest", Role.INTEGRATOR).get("/v1/recordings", params={"call": str(call)})
        assert (answer.status_code, answer.json()["items"]) == (200, [])


def parameters(path: str) -> list[str]:
    return re.findall(r"{(\w+)}", path)


def known(parameter: str) -> str:
    return parameter.removesuffix("_id")


def ids_for(path: str, theirs: dict[str, set[str]]) -> list[str]:
    [name] = [known(each) for each in parameters(path) if known(each) not in WORDS] or [""]
    return sorted(theirs.get(name, ()))


def variants(path: str, foreign: str) -> list[tuple[str, str]]:
    """The path with a foreign id, and the same with one that nobody has; for each word its log or key."""
    [word] = [each for each in parameters(path) if each in WORDS] or [""]
    query = f"?grant={MISSING}" if path.endswith(("/audio", "/waveform")) else ""
    found = []
    for value in WORDS.get(word, ("",)):
        worded = path.replace(f"{{{word}}}", value)
        missing = NOBODYS if foreign == THEIR else str(MISSING)
        found.append((re.sub(r"{\w+}", foreign, worded) + query, re.sub(r"{\w+}", missing, worded) + query))
    return found


async def token_for(
    client: httpx.AsyncClient, house: House, own: TestTenant, service: str, path: str, missing: str
) -> str:
    """A token that may ask this route."""
    folder, now = house.places.secrets_of("dsar").signing_folder, house.clock.now()
    if path in ORDERED:
        order = Order(tenant=own.id, request=MISSING, actions=frozenset({"collect"}), subjects=frozenset())
        return issue_order(order, signing_key(folder / "order.pem"), audience=service, now=now)
    if path in PERSONAL:
        lifetime = timedelta(minutes=MINUTES)
        key = signing_key(folder / "subject.pem")
        return issue_subject(key, tenant=own.id, request=own.id, now=now, lifetime=lifetime)
    for role in TENANT_ROLES:
        token = own.token(role)
        if (await client.get(f"{house.urls[service]}{missing}", headers=bearer(token))).status_code not in {401, 403}:
            return token
    raise AssertionError(f"no role may ask {path}")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def seen(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """All that the asker sees, but for the time of day."""
    return answer.status_code, answer.content, {k: v for k, v in answer.headers.items() if k != "date"}


def entry(house: House) -> dict[str, Any]:
    return {"id": "held", "kind": "held", "at": house.clock.now().isoformat()}
