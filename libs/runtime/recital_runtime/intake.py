"""Events in: a batch from the bus becomes transactions of the inbox, one per tenant, and an outcome per message.

A batch in which something fails is taken again one by one, so that only the event at fault is affected. An event about
what has been erased is over; one that needs a key that was destroyed is a dead letter. Neither comes again for ever.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager
from uuid import UUID

import structlog
from opentelemetry.trace import SpanKind, Tracer
from recital_bus import Message, Outcome
from recital_database import NO_TENANT, Database, Handlers
from recital_database.inbox import (
    alarm_overdue,
    bury,
    go_on,
    held_back,
    held_back_counts,
    pass_over,
    receive,
    tenants_held_back,
)
from recital_errors import Gone, PermanentError, RecitalError, Unavailable
from recital_events import Envelope

from recital_runtime.metrics import Metrics
from recital_runtime.telemetry import span

log = structlog.get_logger()
# Tenants whose events are taken at the same time; each takes one connection.
TENANTS_AT_ONCE = 8
KEY_DESTROYED = "key_destroyed"


class Intake:
    """What a service does with the events that reach it."""

    def __init__(self, database: Database, handlers: Handlers, metrics: Metrics, tracer: Tracer | None) -> None:
        """`handlers` has every event type the service consumes."""
        self._database, self._handlers, self._metrics, self._tracer = database, handlers, metrics, tracer
        self._places = asyncio.Semaphore(TENANTS_AT_ONCE)

    async def take(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        """Let a batch take effect and return an outcome per message, in order. Does not raise for single events."""
        outcomes: dict[int, Outcome] = {}
        by_tenant: defaultdict[UUID, list[tuple[int, Message, Envelope]]] = defaultdict(list)
        for index, message in enumerate(messages):
            try:
                envelope = Envelope.parse(message.payload, arrived_on=message.subject)
            except PermanentError as fault:
                outcomes[index] = await self._bury(message, fault, None)
                continue
            by_tenant[envelope.tenant].append((index, message, envelope))
        for done in await asyncio.gather(*(self._of_tenant(tenant, each) for tenant, each in by_tenant.items())):
            outcomes |= done
        for outcome in outcomes.values():
            self._metrics.consumed.labels(outcome.name.lower()).inc()
        return [outcomes[index] for index in range(len(messages))]

    async def drain(self) -> bool:
        """Try everything that is held back again, for all tenants (a fact may have come by another door)."""
        async with self._database.work() as tx:
            tenants = await tenants_held_back(tx)
        for tenant in tenants:
            await self._go_on(tenant)
            async with self._database.transaction(tenant) as tx:
                await alarm_overdue(tx)
        return False

    async def measure(self) -> bool:
        """Set the gauges of what is held back."""
        async with self._database.work() as tx:
            counts = await held_back_counts(tx)
        for state in ("waiting", "parked", "dead"):
            found = next((each for each in counts if each[0] == state), (state, 0, 0.0))
            self._metrics.held_back.labels(state).set(found[1])
            self._metrics.held_back_age.labels(state).set(found[2])
        return False

    async def _of_tenant(self, tenant: UUID, events: Sequence[tuple[int, Message, Envelope]]) -> dict[int, Outcome]:
        async with self._places:
            try:
                with self._span(events[0][2]):
                    async with self._database.transaction(tenant) as tx:
                        held = await receive(tx, [envelope for _, _, envelope in events], self._handlers)
                outcomes = {index: Outcome.DONE for index, _, _ in events}
            except Exception as error:  # noqa: BLE001 - the consumer's edge: each event is then judged by itself
                if isinstance(error, Unavailable):
                    return {index: Outcome.RETRY for index, _, _ in events}
                outcomes = {index: await self._one(message, envelope) for index, message, envelope in events}
                held = True
            if held:
                await self._go_on(tenant)
            return outcomes

    async def _one(self, message: Message, envelope: Envelope) -> Outcome:
        try:
            with self._span(envelope):
                async with self._database.transaction(envelope.tenant) as tx:
                    await receive(tx, [envelope], self._handlers)
        except Exception as error:  # noqa: BLE001 - the consumer's edge: over, dead, or delivered again later
            return await self._after(error, message, envelope)
        return Outcome.DONE

    async def _after(self, error: Exception, message: Message, envelope: Envelope) -> Outcome:
        if isinstance(error, Gone):
            return await self._pass_over(envelope)
        if isinstance(error, RecitalError) and is_for_ever(error):
            return await self._bury(message, error, envelope)
        # Not the exception's text: a driver's may hold what was in the row.
        log.error("event_failed", kind=envelope.name, tenant=str(envelope.tenant), error=type(error).__name__)
        return Outcome.RETRY

    async def _pass_over(self, envelope: Envelope) -> Outcome:
        """End an event about what is gone, as one that has nothing to act on; what its handler wrote is undone."""
        try:
            async with self._database.transaction(envelope.tenant) as tx:
                await pass_over(tx, envelope)
        except Unavailable:
            return Outcome.RETRY
        log.info("event_of_what_is_gone", kind=envelope.name, tenant=str(envelope.tenant))
        return Outcome.DONE

    async def _bury(self, message: Message, fault: RecitalError, envelope: Envelope | None) -> Outcome:
        try:
            async with self._database.transaction(envelope.tenant if envelope else NO_TENANT) as tx:
                await bury(tx, message.subject, message.payload, fault, envelope)
        except Unavailable:
            return Outcome.RETRY
        log.error("event_dead", kind=message.subject, code=fault.code)
        return Outcome.DEAD

    async def _go_on(self, tenant: UUID) -> None:
        """Take what is held back, each in its own transaction, until nothing moves."""
        moved = True
        while moved:
            moved = False
            async with self._database.transaction(tenant) as tx:
                waiting = await held_back(tx)
            for envelope in waiting:
                moved |= await self._again(envelope)

    async def _again(self, envelope: Envelope) -> bool:
        try:
            with self._span(envelope):
                async with self._database.transaction(envelope.tenant) as tx:
                    return await go_on(tx, envelope, self._handlers)
        except Exception as error:  # noqa: BLE001 - the consumer's edge: else it stays held back and is tried again
            message = Message(envelope.address, str(envelope.id), envelope.to_bytes(), {})
            return await self._after(error, message, envelope) is Outcome.DONE

    def _span(self, envelope: Envelope) -> AbstractContextManager[None]:
        return span(self._tracer, envelope.name, parent=envelope.traceparent, kind=SpanKind.CONSUMER)


def is_for_ever(fault: RecitalError) -> bool:
    """Whether an event will fail so each time it comes: keys that were destroyed do not return."""
    return isinstance(fault, PermanentError) or fault.code == KEY_DESTROYED
