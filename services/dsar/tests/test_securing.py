"""What a request is about is found and withheld, whatever the other services answer first."""

from typing import Any

import httpx
import pytest
from recital_testing import eventually


def answering(office: Any, service: str, status: int, body: Any) -> None:
    """Let a service answer everything in one way."""

    async def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json=body)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url=f"http://{service}")
    office.runtime.neighbours._clients[service] = client


@pytest.mark.parametrize(
    ("service", "status", "body", "code"),
    [
        ("consent", 422, {"code": "number_malformed"}, "resolving_refused"),
        ("consent", 200, {"subjects": ["not an id"]}, "resolving_unreadable"),
        ("consent", 200, ["nothing"], "resolving_unreadable"),
        ("retention", 409, {"code": "request_closed"}, "withholding_refused"),
    ],
)
async def test_an_answer_that_is_no_answer_shows_in_the_work_list_and_is_asked_again(
    office: Any, service: str, status: int, body: Any, code: str
) -> None:
    answering(office, service, status, body)
    request = await office.receive()

    async def shown() -> bool:
        return any(each["code"] == code for each in (await office.show(request))["blocked_by"])

    await eventually(shown)
    assert (await office.show(request))["withholding"] == "pending"
    office.runtime.neighbours._clients[service] = office.script.client(service)
    await office.confirm(request)
    await office.until(request, "collecting")
    assert len(await office.events("request.received")) == 1


async def test_a_request_that_is_closed_meanwhile_is_secured_no_more(office: Any) -> None:
    office.script.silent = {"consent"}
    request = await office.receive()
    await office.post(f"/{request}/identity", {"outcome": "refused"})
    await office.until(request, "closed")
    office.script.silent = set()
    assert await office.rows("select step from steps where step = 'secure'") == []
    # Its file is known to retention before it ends, with nobody in it.
    assert [each["subjects"] for each in await office.events("request.received")] == [[]]
    rows = await office.rows("select name, version from outbox where aggregate = 'request' order by version")
    assert [(row.name, row.version) for row in rows] == [("request.received", 1), ("request.closed", 2)]


async def test_each_service_is_asked_under_an_order_for_this_request_alone(office: Any) -> None:
    from recital_identity import verify_order  # noqa: PLC0415 - judged as the other services judge it

    tokens: dict[str, str] = {}
    clients = {service: office.script.client(service) for service in ("consent", "retention")}
    for service, client in clients.items():

        async def answer(asked: httpx.Request, service: str = service, client: Any = client) -> httpx.Response:
            tokens[service] = asked.headers["authorization"].removeprefix("Bearer ")
            given: httpx.Response = await client._transport.handle_async_request(asked)
            return given

        office.runtime.neighbours._clients[service] = httpx.AsyncClient(
            transport=httpx.MockTransport(answer), base_url=f"http://{service}"
        )
    request = await office.receive()
    keys = office.runtime.signing.keys("order")
    now = office.database.clock.now()
    orders = {name: verify_order(token, keys, audience=name, now=now) for name, token in tokens.items()}
    assert {str(each.request) for each in orders.values()} == {request}
    assert {name: each.actions for name, each in orders.items()} == {
        "consent": frozenset({"resolve"}),
        "retention": frozenset({"withhold"}),
    }
    assert [str(each) for each in orders["retention"].subjects] == [office.asker]
