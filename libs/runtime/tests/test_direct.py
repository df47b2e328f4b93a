"""A direct route answers every request as an ordinary one does: pure, two applications side by side."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from pydantic import Field
from recital_errors import Conflict, Unauthenticated
from recital_identity import Permission, Principal, Role, TokenKind
from recital_runtime import Caller, DirectRoute, Instant, Model, Router, authenticated, problems, requires

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TOKEN, OTHERS = {"Authorization": "Bearer integrator"}, {"Authorization": "Bearer auditor"}
JSON = {"Content-Type": "application/json"}
MAY = authenticated(Permission.SEND_AUDIO)


class Inner(Model):
    number: int = Field(ge=1)


class Thing(Model):
    """What is sent."""

    at: Instant
    inner: list[Inner] = Field(default=[])
    word: str = Field(default="", max_length=5)


class Said(Model):
    """What is answered."""

    at: Instant
    inner: list[Inner]
    tenant: UUID | None
    nothing: str | None = None


async def say(body: Thing, principal: Annotated[Principal, MAY]) -> Said:
    if body.word == "no":
        raise Conflict("refused")
    return Said(at=body.at, inner=body.inner, tenant=principal.tenant)


def principal_of(token: str, now: datetime) -> Principal:
    if token not in ("integrator", "auditor"):
        raise Unauthenticated("token_malformed")
    return Principal(
        kind=TokenKind.ACCESS, subject="x", expires_at=now, tenant=UUID(int=1), roles=frozenset({Role(token)})
    )


def app_of(route_class: type[DirectRoute] | None) -> FastAPI:
    router = Router(prefix="/v1")
    router.add_api_route("/say", say, methods=["POST"], route_class_override=route_class)
    app = FastAPI(routes=list(router.routes))
    problems.install(app)
    tokens = SimpleNamespace(principal_of=principal_of)
    database = SimpleNamespace(clock=SimpleNamespace(now=lambda: NOW))
    app.state.runtime = SimpleNamespace(not_serving=None, tokens=tokens, database=database)
    return app


APPS = app_of(None), app_of(DirectRoute)
SOUND = '{"at": "2026-11-24T10:00:00+01:00", "inner": [{"number": 3}]}'


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (TOKEN | JSON, SOUND, 200),
        (TOKEN | {"Content-Type": "application/json; charset=utf-8"}, SOUND, 200),
        (TOKEN | {"Content-Type": "Application/Problem+JSON"}, SOUND, 200),
        (TOKEN | {"Content-Type": "text/plain"}, SOUND, 422),
        (TOKEN, SOUND, 422),
        (TOKEN | JSON, "", 422),
        (TOKEN | JSON, "{not json", 422),
        (TOKEN | JSON, "[]", 422),
        (TOKEN | JSON, "null", 422),
        (TOKEN | JSON, '""', 422),
        (TOKEN | JSON, b"\xff\xfe{", 400),
        (TOKEN | JSON, "[" * 100_000, 400),
        (TOKEN | JSON, '{"at": "yesterday", "inner": [{"number": 0}, {"more": 1}], "word": "toolong", "x": 1}', 422),
        (TOKEN | JSON, '{"at": "2026-11-24T10:00:00", "word": NaN}', 422),
        (TOKEN | JSON, '{"at": "2026-11-24T10:00:00Z", "word": "no"}', 409),
        (OTHERS | JSON, "{not json", 403),
        (JSON, SOUND, 401),
        ({"Authorization": "Bearer else"}, SOUND, 401),
    ],
)
async def test_it_answers_as_an_ordinary_route_does(headers: dict[str, str], body: Any, status: int) -> None:
    answers = []
    for app in APPS:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://recital") as client:
            answers.append(await client.post("/v1/say", content=body, headers=headers))
    ordinary, direct = answers
    assert (direct.status_code, direct.content, direct.headers) == (status, ordinary.content, ordinary.headers)


def test_its_page_in_the_document_is_the_same() -> None:
    ordinary, direct = (app.openapi() for app in APPS)
    assert direct == ordinary


async def _without_body(principal: Annotated[Principal, MAY]) -> Said:
    raise NotImplementedError


async def _with_a_query(body: Thing, principal: Annotated[Principal, MAY], limit: int = 3) -> Said:
    raise NotImplementedError


async def _of_a_number(body: int, principal: Annotated[Principal, MAY]) -> Said:
    raise NotImplementedError


async def _to_a_list(body: Thing, principal: Annotated[Principal, MAY]) -> list[Said]:
    raise NotImplementedError


async def _in_a_transaction(body: Thing, caller: Annotated[Caller, requires(Permission.SEND_AUDIO)]) -> Said:
    raise NotImplementedError


@pytest.mark.parametrize("endpoint", [_without_body, _with_a_query, _of_a_number, _to_a_list, _in_a_transaction])
def test_an_endpoint_of_another_shape_is_refused_when_it_is_wired(endpoint: Any) -> None:
    with pytest.raises(ValueError, match="/say"):
        Router().add_api_route("/say", endpoint, methods=["POST"], route_class_override=DirectRoute)
