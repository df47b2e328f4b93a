"""The outbox relay: publishes what was committed, in order and fairly over tenants, and compares with the receivers.

No transaction is held across a call to the bus. One replica relays at a time; should two overlap, consumers' inboxes
absorb what is published twice.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import structlog
from recital_bus import Bus, Message
from recital_database import NO_TENANT, Database, alarm
from recital_database.inbox import settle
from recital_database.outbox import (
    backlog,
    confirm,
    confirmed_by,
    epoch_began_at,
    published,
    sent_by_hour,
    unpublished,
)
from recital_errors import Unavailable

from recital_runtime.metrics import Metrics
from recital_runtime.neighbours import Neighbours
from recital_runtime.shapes import rfc3339

log = structlog.get_logger()
# Large, so that reading and marking cost little beside publishing; the receiver starts with the first of them.
BATCH = 1024
LOOKED_BACK = timedelta(days=7)
# An event has the time at which its transaction wrote it; by then that has ended.
STILL_WRITTEN = timedelta(minutes=10)


class Relay:
    """Publishes a service's outbox."""

    def __init__(
        self,
        database: Database,
        bus: Callable[[], Bus],
        metrics: Metrics,
        *,
        reached: Callable[[str], None] = lambda _point: None,
    ) -> None:
        """`bus` gives the bus once the process has started; `reached` hears of C7 and C8, where tests let it die."""
        self._database, self._bus, self._metrics, self._reached = database, bus, metrics, reached

    async def run(self) -> bool:
        """Publish batches until nothing waits or the bus does not answer; false, so that the rhythm goes on."""
        if not self._bus().connected:
            return False
        async with self._database.holding("relay") as mine:
            while mine and await self.batch():
                pass
        return False

    async def batch(self) -> bool:
        """Publish one batch; true when it was full and all of it was accepted."""
        async with self._database.work() as tx:
            waiting = await unpublished(tx, BATCH)
        if not waiting:
            return False
        accepted = await self._bus().publish(
            [
                Message(
                    subject=each.subject,
                    id=str(each.id),
                    payload=each.payload,
                    headers={"traceparent": each.traceparent} if each.traceparent else {},
                )
                for each in waiting
            ]
        )
        self._reached("C7")
        sent = [each for each, went in zip(waiting, accepted, strict=True) if went]
        if sent:
            async with self._database.work() as tx:
                await published(tx, sent)
            self._reached("C8")
            self._metrics.published.inc(len(sent))
        return len(sent) == BATCH

    async def measure(self) -> bool:
        """Set the gauges of what waits for the bus."""
        async with self._database.work() as tx:
            waiting, oldest = await backlog(tx)
            age = (tx.now - oldest).total_seconds() if oldest else 0.0
        self._metrics.outbox_waiting.set(waiting)
        self._metrics.outbox_age.set(age)
        return False


class Reconciler:
    """Compares per edge what was sent with what has arrived: count and hash per event name and hour."""

    def __init__(
        self, database: Database, neighbours: Neighbours, metrics: Metrics, edges: Mapping[str, frozenset[str]]
    ) -> None:
        """`edges` names, per consumer, the events of this service that it consumes."""
        self._database, self._neighbours, self._metrics, self._edges = database, neighbours, metrics, edges

    async def run(self) -> bool:
        """Ask every consumer, set the difference of each edge and note until when it has confirmed.

        An edge that does not answer fails the run. Where a consumer had what is not even remembered here, this database
        was restored from a backup and nobody said so: an alarm.
        """
        async with self._database.work() as tx:
            await settle(tx)
            now, confirmed = tx.now, await confirmed_by(tx, self._edges)
            # Also what was confirmed is looked at for a week: a consumer may have been restored from a backup.
            since = min([*confirmed.values(), now - LOOKED_BACK])
            sent = await sent_by_hour(tx, since)
            began = await epoch_began_at(tx)
        until = {}
        for consumer, names in self._edges.items():
            token = self._neighbours.service_token(consumer)
            answer = await self._neighbours[consumer].get(
                "/internal/v1/inbox", token=token, producer=self._database.service, since=rfc3339(since)
            )
            if not answer.is_success:
                # While its clock and ours differ it refuses our token: as if it were away.
                raise Unavailable(f"{consumer}_unavailable", f"The {consumer} service does not tell its inbox.")
            arrived = {key: tuple(value) for key, value in answer.json()["hours"].items()}
            mine = {key: value for key, value in sent.items() if key.split(" ")[0] in names}
            differing = [key for key, value in mine.items() if not _agree(key, value, arrived.get(key), began)]
            self._metrics.edge_difference.labels(consumer).set(len(differing))
            if differing:
                log.info("edge_differs", kind=consumer, count=len(differing))
            over = _start_of_hour(now - STILL_WRITTEN)
            until[consumer] = min([over, *(_hour_of(key) for key in differing)])
            if any(
                _was_forgotten(key, sent.get(key), has, began) for key, has in arrived.items() if _hour_of(key) < over
            ):
                await self._alarm_restored()
        if until:
            async with self._database.work() as tx:
                await confirm(tx, until)
        return False

    async def _alarm_restored(self) -> None:
        detail = "Others had events that are not remembered here. After a restore from a backup, run `restored`."
        async with self._database.transaction(NO_TENANT) as tx:
            await alarm(tx, "restored_unsaid", about=NO_TENANT, detail=detail)


def _was_forgotten(key: str, sent: tuple[int, str] | None, arrived: tuple[int, str], began: datetime | None) -> bool:
    return arrived[0] > (sent[0] if sent else 0) and (began is None or _hour_of(key) > began)


def _agree(key: str, sent: tuple[int, str], arrived: tuple[int, str] | None, began: datetime | None) -> bool:
    """Whether an hour's events have arrived. If this database was restored later, more may have than it remembers."""
    if arrived is None or arrived == sent:
        return arrived == sent
    return began is not None and _hour_of(key) <= began and arrived[0] > sent[0]


def _hour_of(key: str) -> datetime:
    return datetime.strptime(key.split(" ")[1], "%Y-%m-%dT%HZ").replace(tzinfo=UTC)


def _start_of_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
