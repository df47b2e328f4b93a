"""What was sent is compared with what arrived, and a neighbour that does not tell is no failure of ours."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from recital_database import NO_TENANT, Database, alarms, announce
from recital_database.outbox import begin_epoch, confirmed_by, sent_by_hour
from recital_errors import Unavailable
from recital_events import TenantOpened
from recital_runtime.metrics import Metrics
from recital_runtime.neighbours import Neighbour
from recital_runtime.relay import Reconciler

VERSIONS = Path(__file__).with_name("versions")
TENANT = UUID(int=0xA)
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


def opened_at(database: Database) -> TenantOpened:
    return TenantOpened(
        tenant=TENANT,
        country="NL",
        time_zone="Europe/Amsterdam",
        languages=("nl",),
        number_region="NL",
        opened_at=database.clock.now(),
    )


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


async def test_what_has_not_arrived_is_not_confirmed(database_of: Callable[..., Awaitable[Database]]) -> None:
    database = await database_of("consent", versions=VERSIONS)
    async with database.transaction(TENANT) as tx:
        await announce(tx, opened_at(database))
    async with database.work() as tx:
        sent = await sent_by_hour(tx, tx.now - timedelta(hours=1))
    assert await reconciled(database, Answering(200, {"hours": {}})) == 1
    assert await confirmed(database) <= hour_of(sent)
    assert await reconciled(database, Answering(200, {"hours": sent})) == 0


async def confirmed(database: Database) -> datetime:
    async with database.work() as tx:
        return (await confirmed_by(tx, ["retention"]))["retention"]


def hour_of(sent: dict[str, Any]) -> datetime:
    [key] = sent
    return datetime.strptime(key.split(" ")[1], "%Y-%m-%dT%HZ").replace(tzinfo=UTC)


async def test_what_others_had_and_nobody_here_remembers_is_alarmed_until_the_restore_is_said(
    database_of: Callable[..., Awaitable[Database]],
) -> None:
    database = await database_of("consent", versions=VERSIONS)
    async with database.work() as tx:
        an_hour_ago = f"tenant.opened {tx.now - timedelta(hours=2):%Y-%m-%dT%HZ}"
    answering = Answering(200, {"hours": {an_hour_ago: [3, "123"]}})
    await reconciled(database, answering)
    assert await kinds(database) == ["restored_unsaid"]
    async with database.work() as tx:
        await begin_epoch(tx)
        await tx.execute("update alarms set acknowledged_at = recital_now()")
    assert await reconciled(database, answering) == 0
    assert await kinds(database) == []


async def test_an_hour_before_a_restore_is_confirmed_though_others_remember_more(
    database_of: Callable[..., Awaitable[Database]],
) -> None:
    database = await database_of("consent", versions=VERSIONS)
    async with database.transaction(TENANT) as tx:
        await announce(tx, opened_at(database))
    async with database.work() as tx:
        [key] = await sent_by_hour(tx, tx.now - timedelta(hours=1))
    fewer, more = Answering(200, {"hours": {}}), Answering(200, {"hours": {key: [2, "123"]}})
    assert await reconciled(database, more) == 1
    async with database.work() as tx:
        await begin_epoch(tx)
    assert await reconciled(database, more) == 0
    assert await reconciled(database, fewer) == 1


async def kinds(database: Database) -> list[str]:
    async with database.transaction(NO_TENANT) as tx:
        return [each.kind for each in await alarms(tx, after=None, most=10)]
