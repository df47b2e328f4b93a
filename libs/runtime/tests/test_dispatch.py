"""A request finds its route at once, and everything else goes the router's ordinary way."""

from collections.abc import Callable
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from recital_runtime import Router, open_route
from recital_runtime.dispatch import Dispatch

OPEN = [open_route("a test")]


def app() -> FastAPI:
    things, others, whole = Router(prefix="/v1"), Router(prefix="/v1/others"), Router()

    def answers(name: str) -> Callable[[], str]:
        def answer() -> str:
            return name

        return answer

    things.get("/things/{thing}", dependencies=OPEN)(answers("one thing"))
    things.get("/things/own", dependencies=OPEN)(answers("own thing"))
    things.get("/things", dependencies=OPEN)(answers("things"))
    things.post("/things", dependencies=OPEN)(answers("made"))
    things.get("/{kind}/of/all", dependencies=OPEN)(answers("any kind"))
    others.get("/{other:path}", dependencies=OPEN)(answers("a path"))
    whole.include_router(things)
    whole.include_router(others)
    made = FastAPI(routes=[Dispatch(whole.routes), *whole.routes])
    made.state.runtime = SimpleNamespace(not_serving=None)
    return made


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/v1/things", 200, "things"),
        ("POST", "/v1/things", 200, "made"),
        ("GET", "/v1/things/7", 200, "one thing"),
        ("GET", "/v1/things/own", 200, "one thing"),
        ("GET", "/v1/things/of/all", 200, "any kind"),
        ("GET", "/v1/others/a/b/c", 200, "a path"),
        ("PUT", "/v1/things", 405, None),
        ("GET", "/v1/nothing", 404, None),
        ("GET", "/", 404, None),
    ],
)
async def test_each_request_is_served_by_the_first_route_that_fits(
    method: str, path: str, status: int, said: str | None
) -> None:
    made = app()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=made), base_url="http://x") as client:
        answer = await client.request(method, path)
    assert answer.status_code == status
    if said is not None:
        assert answer.json() == said


def test_only_what_has_a_shape_of_its_own_is_looked_up() -> None:
    made = app()
    found = {path: Dispatch(made.router.routes).matches(_scope("GET", path))[0].name for path in PATHS}
    assert found == {"/v1/things": "FULL", "/v1/things/7": "FULL", "/v1/things/of/all": "NONE", "/v1/others/a": "NONE"}


PATHS = ("/v1/things", "/v1/things/7", "/v1/things/of/all", "/v1/others/a")


def _scope(method: str, path: str) -> dict[str, str]:
    return {"type": "http", "method": method, "path": path, "root_path": ""}
