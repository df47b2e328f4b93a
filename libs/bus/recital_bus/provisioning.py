"""What must exist on the server before a service starts: the stream, and one durable consumer per service.

Made from the catalogue, by a user who may do nothing else. Running it again changes only what differs.
"""

from collections.abc import Mapping
from pathlib import Path

import nats.errors
import nats.js.errors
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from recital_errors import Unavailable
from recital_events import CATALOGUE, Event, services_of, subjects_consumed_by

from recital_bus.configuration import MEBIBYTE, PROVISIONER, STREAM
from recital_bus.connection import BusSettings, Connection

_DAY = 24 * 60 * 60
# Duplicates that the server itself drops; past that the consumers' inboxes do.
_DUPLICATE_WINDOW = 120
_FOR_EVER = -1


async def provision(
    url: str,
    seed_file: Path,
    catalogue: Mapping[str, type[Event]] = CATALOGUE,
    *,
    max_bytes: int = 4096 * MEBIBYTE,
    ack_wait: float = 10.0,
    replicas: int = 1,
) -> None:
    """Make or update the stream and the durables; `seed_file` is the provisioner's.

    A full stream refuses (the outboxes wait) rather than forget; events older than 30 days go, the outbox still has
    them. Deliveries are never counted out: what is not answered within `ack_wait` seconds comes again, for ever.
    Raises Unavailable when the server cannot be reached or refuses.
    """
    denials: list[str] = []
    try:
        connection = await Connection.open(BusSettings(url, seed_file, PROVISIONER), denials.append)
        try:
            stream = connection.client.jetstream()
            await _make_stream(stream, max_bytes=max_bytes, replicas=replicas)
            for service in services_of(catalogue):
                if subjects := subjects_consumed_by(service, catalogue=catalogue):
                    await _make_durable(stream, service, subjects, ack_wait=ack_wait)
        finally:
            await connection.close()
    except (OSError, TimeoutError, nats.errors.Error) as error:
        detail = denials[-1] if denials else f"{type(error).__name__}: {error}"
        raise Unavailable("bus_not_provisioned", f"The bus could not be set up: {detail}") from error


async def _make_stream(stream: JetStreamContext, *, max_bytes: int, replicas: int) -> None:
    wanted = StreamConfig(
        name=STREAM,
        subjects=["recital.>"],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_age=30 * _DAY,
        max_bytes=max_bytes,
        duplicate_window=_DUPLICATE_WINDOW,
        num_replicas=replicas,
    )
    try:
        present = (await stream.stream_info(STREAM)).config
    except nats.js.errors.NotFoundError:
        await stream.add_stream(wanted)
        return
    if _differs(present, wanted):
        await stream.update_stream(wanted)


async def _make_durable(stream: JetStreamContext, service: str, subjects: tuple[str, ...], *, ack_wait: float) -> None:
    wanted = ConsumerConfig(
        durable_name=service,
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ack_wait,
        max_deliver=_FOR_EVER,
        max_ack_pending=8192,
        filter_subjects=sorted(subjects),
    )
    try:
        present = (await stream.consumer_info(STREAM, service)).config
    except nats.js.errors.NotFoundError:
        await stream.add_consumer(STREAM, wanted)
        return
    if present is None or _differs(present, wanted, single=present.filter_subject):
        await stream.add_consumer(STREAM, wanted)


def _differs(
    present: StreamConfig | ConsumerConfig, wanted: StreamConfig | ConsumerConfig, *, single: str | None = None
) -> bool:
    """Compare what we state and nothing else: the server adds fields of its own."""
    has, wants = present.as_dict(), wanted.as_dict()
    if single is not None:
        has["filter_subjects"] = [single]
    return any(has.get(field) != value for field, value in wants.items())
