"""What was sent is compared with what arrived, and a neighbour that does not tell is no failure of ours."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from recital_database import Database
from recital_errors import Unavailable
from recital_runtime.metrics import Metrics
from recital_runtime.neighbours import Neighbour
from recital_runtime.relay import Reconciler

VERSIONS = Path(__file__).with_name("versions")
DIFFERENCE = "recital_edge_difference"


class Answering:
    """One consumer that answers every request alike."""

    def __init__(self, status: int, said: dict[str, Any]) -> None:
        transport = httpx.MockTransport(lambda _: httpx.Response(status, json=said))
        self._client = httpx.AsyncClient(base_url="http://consumer", transport=transport)

    def __getitem__(self, name: str) -> Neighbour:
        return Neighbour(name, self._client)

    def service_token(self, _consumer: str) -> str:
        return "token"


async def reconciled(database: Database, answering: Any) -> float | None:
    metrics = Metrics()
    await Reconciler(database, answering, metrics, {"retention": frozenset({"tenant.opened"})}).run()
    return metrics.registry.get_sample_value(DIFFERENCE, {"consumer": "retention"})


async def test_a_neighbour_that_refuses_is_asked_again_later(database_of: Callable[..., Awaitable[Database]]) -> None:
    database = await database_of("consent", versions=VERSIONS)
    with pytest.raises(Unavailable, match="does not tell its inbox"):
        await reconciled(database, Answering(401, {"code": "token_not_yet_valid"}))


async def test_nothing_sent_and_nothing_arrived_do_not_differ(
    database_of: Callable[..., Awaitable[Database]],
) -> None:
    database = await database_of("consent", versions=VERSIONS)
    assert await reconciled(database, Answering(200, {"hours": {}})) == 0
