"""What a service was told: each event takes effect once, in the order of its aggregate's versions.

An event and its effect commit together. A gap, a dead letter or an event that waits for a fact holds back the later
events of that aggregate and no others; what is held back is a row, and is taken in order once the way is free.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any
from uuid import UUID

from recital_errors import PermanentError, RecitalError
from recital_events import Envelope, Event

from recital_database.alarms import alarm
from recital_database.connection import Transaction


@dataclass(frozen=True, slots=True)
class NotYet:
    """The handler's answer when a fact it needs has not come: the event waits in the inbox. `fact` names it, by ids."""

    fact: str


Handler = Callable[[Transaction, Any], Awaitable[NotYet | None]]


@dataclass(frozen=True, slots=True)
class Together:
    """A handler that takes the tenant's events of its type that come one after another at once, in their order.

    For effects that are one statement however many there are. It never waits for a fact: where one of several would
    have to, it raises PermanentError, whereupon each is taken by itself, by `alone` where that is given.
    """

    handle: Callable[[Transaction, Sequence[Any]], Awaitable[None]]
    alone: Handler | None = None


Handlers = Mapping[type[Event], Handler | Together | None]
"""What a service does on each event it consumes; None where it only follows the aggregate's version."""

_LOCK_POSITIONS = """
    insert into inbox_positions (tenant_id, producer, aggregate, aggregate_id, epoch, version)
    select distinct cast(:tenant as uuid), s.producer, s.aggregate, s.aggregate_id, 1, 0
    from unnest(cast(:producers as text[]), cast(:aggregates as text[]), cast(:ids as uuid[]))
        as s (producer, aggregate, aggregate_id)
    order by 2, 3, 4
    on conflict (tenant_id, producer, aggregate, aggregate_id) do update set version = inbox_positions.version
    returning producer, aggregate, aggregate_id, epoch, version
"""
_SAVE_POSITIONS = """
    update inbox_positions p set epoch = s.epoch, version = s.version
    from unnest(cast(:producers as text[]), cast(:aggregates as text[]), cast(:ids as uuid[]), cast(:epochs as int[]),
                cast(:versions as bigint[])) as s (producer, aggregate, aggregate_id, epoch, version)
    where (p.tenant_id, p.producer, p.aggregate, p.aggregate_id) = (:tenant, s.producer, s.aggregate, s.aggregate_id)
"""
_SAVE_ROWS = """
    insert into inbox
        (tenant_id, id, producer, name, aggregate, aggregate_id, version, epoch, epoch_base, state, fact, envelope)
    select cast(:tenant as uuid), s.* from unnest(
        cast(:ids as uuid[]), cast(:producers as text[]), cast(:names as text[]), cast(:aggregates as text[]),
        cast(:aggregate_ids as uuid[]), cast(:versions as bigint[]), cast(:epochs as int[]),
        cast(:epoch_bases as bigint[]), cast(:states as text[]), cast(:facts as text[]),
        cast(:envelopes as bytea[])) as s
    on conflict (tenant_id, id) do update
    set state = excluded.state, fact = excluded.fact, envelope = excluded.envelope
"""

Key = tuple[str, str, UUID]


@dataclass(frozen=True, slots=True)
class Position:
    """The last version of one producer's aggregate that took effect here."""

    epoch: int
    version: int


class Standing(Enum):
    """Where an event stands against the position of its aggregate."""

    NEXT = auto()
    SEEN = auto()
    AHEAD = auto()
    CONTRADICTS = auto()


def standing_of(position: Position, envelope: Envelope, *, known: bool) -> Standing:
    """Judge one event: `known` says that its id is in the inbox already.

    The same version under another id within one epoch contradicts what was told before. A higher epoch means that the
    producer was restored: it counts on from the version it remembers, and so does who heard it at least until there.
    """
    if known:
        return Standing.SEEN
    position = _remembered(position, envelope)
    if envelope.epoch != position.epoch:
        return Standing.AHEAD if envelope.epoch > position.epoch else Standing.CONTRADICTS
    if envelope.version <= position.version:
        return Standing.CONTRADICTS
    return Standing.NEXT if envelope.version == position.version + 1 else Standing.AHEAD


def forgotten(position: Position, envelope: Envelope) -> int:
    """Return how many events that took effect here a producer forgot, by the first event of its new epoch."""
    return position.version - _remembered(position, envelope).version


def _remembered(position: Position, envelope: Envelope) -> Position:
    """Return where a producer that was restored goes on from, once that was heard here; else the position as it is."""
    restored = envelope.epoch > position.epoch and position.version >= envelope.epochbase
    return Position(envelope.epoch, envelope.epochbase) if restored else position


@dataclass(slots=True)
class _Row:
    envelope: Envelope
    state: str
    fact: str | None = None


class _Intake:
    """One transaction's work on the inbox: positions locked at the start, rows and positions written at the end."""

    def __init__(self, tx: Transaction, handlers: Handlers, *, single: bool = False) -> None:
        self._tx, self._handlers, self._single = tx, handlers, single
        self._positions: dict[Key, Position] = {}
        self._moved: set[Key] = set()
        self._rows: list[_Row] = []
        self._gathered: tuple[Together, list[Event]] | None = None
        self._known: set[UUID] = set()
        self._forgetful: list[tuple[Envelope, int]] = []
        self.held_back = False

    async def lock(self, envelopes: Sequence[Envelope]) -> None:
        keys = {key_of(each) for each in envelopes}
        rows = await self._tx.execute(
            _LOCK_POSITIONS,
            {
                "tenant": self._tx.tenant,
                "producers": [key[0] for key in keys],
                "aggregates": [key[1] for key in keys],
                "ids": [key[2] for key in keys],
            },
        )
        for row in rows:
            self._positions[row.producer, row.aggregate, row.aggregate_id] = Position(row.epoch, row.version)
        known = await self._tx.execute(
            "select array(select id from inbox where tenant_id = :tenant and id = any(cast(:ids as uuid[]))) as ids,"
            " exists (select from inbox where tenant_id = :tenant and state in ('waiting', 'parked')) as held_back",
            {"tenant": self._tx.tenant, "ids": [each.id for each in envelopes]},
        )
        found = known.one()
        self._known, self.held_back = set(found.ids), found.held_back

    async def take(self, envelope: Envelope) -> None:
        """Let one event take effect, or hold it back. Raises what the handler raises."""
        standing = standing_of(self._positions[key_of(envelope)], envelope, known=envelope.id in self._known)
        if standing is Standing.SEEN:
            return
        self._known.add(envelope.id)
        if standing is Standing.CONTRADICTS:
            raise PermanentError("version_contradicted", "Another event had this version of the aggregate before.")
        if standing is Standing.AHEAD:
            self._rows.append(_Row(envelope, "parked"))
            return
        await self.apply(envelope)

    async def apply(self, envelope: Envelope) -> bool:
        """Run the handler and advance the version, or let the event wait for the fact that it misses (False)."""
        event = envelope.event()
        if type(event) not in self._handlers:
            raise PermanentError("event_unexpected", f"{self._tx.service} does not follow {envelope.name}.")
        handler = self._handlers[type(event)]
        if isinstance(handler, Together) and self._single and handler.alone is not None:
            handler = handler.alone
        if isinstance(handler, Together):
            await self._gather(handler, event)
            self.advance(envelope, "done")
            return True
        await self._flush()
        missing = await handler(self._tx, event) if handler else None
        if missing is not None:
            self._rows.append(_Row(envelope, "waiting", missing.fact))
            return False
        self.advance(envelope, "done")
        return True

    async def _gather(self, handler: Together, event: Event) -> None:
        if self._gathered is None or self._gathered[0] is not handler:
            await self._flush()
            self._gathered = (handler, [])
        self._gathered[1].append(event)

    async def _flush(self) -> None:
        gathered, self._gathered = self._gathered, None
        if gathered is not None:
            await gathered[0].handle(self._tx, gathered[1])

    def advance(self, envelope: Envelope, state: str) -> None:
        lost = forgotten(self._positions[key_of(envelope)], envelope)
        if lost:
            self._forgetful.append((envelope, lost))
        self._positions[key_of(envelope)] = Position(envelope.epoch, envelope.version)
        self._moved.add(key_of(envelope))
        self._rows.append(_Row(envelope, state))

    def hold(self, envelope: Envelope, state: str) -> None:
        self._rows.append(_Row(envelope, state))

    async def save(self) -> None:
        await self._flush()
        for envelope, lost in self._forgetful:
            detail = f"{envelope.producer} was restored and forgot {lost} events of this {envelope.aggregate}"
            await alarm(self._tx, "events_forgotten", about=UUID(envelope.subject), detail=detail)
        self.held_back |= any(row.state in ("waiting", "parked") for row in self._rows)
        if self._rows:
            await self._tx.execute(_SAVE_ROWS, {"tenant": self._tx.tenant, **_columns(self._rows)})
        if self._moved:
            moved = [(key, self._positions[key]) for key in self._moved]
            await self._tx.execute(
                _SAVE_POSITIONS,
                {
                    "tenant": self._tx.tenant,
                    "producers": [key[0] for key, _ in moved],
                    "aggregates": [key[1] for key, _ in moved],
                    "ids": [key[2] for key, _ in moved],
                    "epochs": [position.epoch for _, position in moved],
                    "versions": [position.version for _, position in moved],
                },
            )


async def receive(tx: Transaction, envelopes: Sequence[Envelope], handlers: Handlers) -> bool:
    """Let a tenant's events take effect in the order given, all in this transaction; true when events are held back.

    Raises what a handler raises, and PermanentError for an event that can never take effect: the caller rolls back and
    takes the events one by one, so that only the one at fault fails.
    """
    intake = _Intake(tx, handlers, single=len(envelopes) == 1)
    await intake.lock(envelopes)
    for envelope in envelopes:
        await intake.take(envelope)
    await intake.save()
    return intake.held_back


async def bury(tx: Transaction, subject: str, payload: bytes, fault: RecitalError, envelope: Envelope | None) -> None:
    """Put an event that can never take effect into the dead letters, with an alarm; its aggregate's later events wait.

    `envelope` is None where the payload could not even be read; then `tx` is of no tenant.
    """
    row = await tx.execute(
        "insert into dead_letters (tenant_id, event_id, subject, code, detail, payload)"
        " values (:tenant, :event, :subject, :code, :detail, :payload)"
        " on conflict (tenant_id, event_id) where state = 'open'"
        " do update set code = excluded.code, detail = excluded.detail returning id",
        {
            "tenant": tx.tenant,
            "event": envelope.id if envelope else None,
            "subject": subject,
            "code": fault.code,
            "detail": fault.detail,
            "payload": payload,
        },
    )
    letter = row.scalar_one()
    if envelope is not None and fault.code != "version_contradicted":
        intake = _Intake(tx, {})
        intake.hold(envelope, "dead")
        await intake.save()
    await alarm(tx, "dead_letter", about=letter, detail=f"{subject}: {fault.code}")


async def held_back(tx: Transaction) -> list[Envelope]:
    """Return the tenant's events that may go on: those that wait for a fact, and parked ones whose turn it is."""
    rows = await tx.execute(
        "select i.envelope from inbox i join inbox_positions p using (tenant_id, producer, aggregate, aggregate_id)"
        " where i.tenant_id = :tenant and i.state in ('waiting', 'parked')"
        " and (i.epoch = p.epoch and i.version = p.version + 1"
        "  or i.epoch > p.epoch and i.epoch_base <= p.version and i.version = i.epoch_base + 1)"
        " order by i.id limit 500",
        {"tenant": tx.tenant},
    )
    return [Envelope.parse(row.envelope) for row in rows]


async def go_on(tx: Transaction, envelope: Envelope, handlers: Handlers) -> bool:
    """Try one held-back event again; true when it took effect (or had already)."""
    intake = _Intake(tx, handlers, single=True)
    await intake.lock([envelope])
    if standing_of(intake._positions[key_of(envelope)], envelope, known=False) is not Standing.NEXT:  # noqa: SLF001 - same room
        return False
    went = await intake.apply(envelope)
    await intake.save()
    return went


async def skip(tx: Transaction, envelope: Envelope) -> None:
    """Leave out an event that was given up by a person, so that its aggregate's later events go on."""
    await _advance_only(tx, envelope, "dropped")


async def pass_over(tx: Transaction, envelope: Envelope) -> None:
    """Be done with an event about what has been erased: nothing is done, and its aggregate's later events go on."""
    await _advance_only(tx, envelope, "done")


async def _advance_only(tx: Transaction, envelope: Envelope, state: str) -> None:
    intake = _Intake(tx, {})
    await intake.lock([envelope])
    if standing_of(intake._positions[key_of(envelope)], envelope, known=False) is Standing.NEXT:  # noqa: SLF001 - same room
        intake.advance(envelope, state)
    await intake.save()


async def alarm_overdue(tx: Transaction) -> None:
    """Raise an alarm for each of the tenant's events that has been held back for more than ten minutes."""
    rows = await tx.execute(
        "select id, name, state from inbox where tenant_id = :tenant and state in ('waiting', 'parked')"
        " and received_at < recital_now() - interval '10 minutes' order by id limit 100",
        {"tenant": tx.tenant},
    )
    for row in rows.all():
        await alarm(tx, "event_held_back", about=row.id, detail=f"{row.name}: {row.state}")


async def tenants_held_back(tx: Transaction) -> list[UUID]:
    """Return the tenants that have events waiting or parked (worker role)."""
    return [
        row.tenant_id
        for row in await tx.execute("select distinct tenant_id from inbox where state in ('waiting', 'parked')")
    ]


async def held_back_counts(tx: Transaction) -> list[tuple[str, int, float]]:
    """Return state, count and age in seconds of the oldest for all that is held back (worker role)."""
    rows = await tx.execute(
        "select state, count(*) as events, extract(epoch from recital_now() - min(received_at)) as age"
        " from inbox where state in ('waiting', 'parked', 'dead') group by state"
    )
    return [(row.state, row.events, float(row.age)) for row in rows]


async def received_by_hour(tx: Transaction, producer: str, since: datetime) -> dict[str, tuple[int, str]]:
    """Return per event name and hour of origin the count and hash of a producer's events here (worker role).

    Waiting, parked and dead ones count: they have arrived. Compare with `outbox.sent_by_hour`.
    """
    rows = await tx.execute(
        "select name, to_char(date_trunc('hour', uuid_extract_timestamp(id)), 'YYYY-MM-DD\"T\"HH24\"Z\"') as hour,"
        " count(*) as events, bit_xor(hashtextextended(id::text, 0))::text as hash"
        " from inbox where producer = :producer"
        " and id >= recital_id_at(date_trunc('hour', cast(:since as timestamptz))) group by 1, 2",
        {"producer": producer, "since": since},
    )
    return {f"{row.name} {row.hour}": (row.events, row.hash) for row in rows}


async def settle(tx: Transaction) -> None:
    """Note until when nothing in the inbox is open any more: what is older may go in time (worker role)."""
    await tx.execute(
        "insert into settled (name, until) select 'inbox', coalesce(min(uuid_extract_timestamp(id)), recital_now())"
        " from inbox where state in ('waiting', 'parked', 'dead')"
        " on conflict (name) do update set until = excluded.until"
    )


def key_of(envelope: Envelope) -> Key:
    """Return what the versions of an event count over: its producer, aggregate and aggregate id."""
    return envelope.producer, envelope.aggregate, UUID(envelope.subject)


def _columns(rows: Sequence[_Row]) -> dict[str, list[Any]]:
    keys = [key_of(row.envelope) for row in rows]
    closed = ("done", "dropped")
    return {
        "ids": [row.envelope.id for row in rows],
        "producers": [key[0] for key in keys],
        "names": [row.envelope.name for row in rows],
        "aggregates": [key[1] for key in keys],
        "aggregate_ids": [key[2] for key in keys],
        "versions": [row.envelope.version for row in rows],
        "epochs": [row.envelope.epoch for row in rows],
        "epoch_bases": [row.envelope.epochbase for row in rows],
        "states": [row.state for row in rows],
        "facts": [row.fact for row in rows],
        "envelopes": [None if row.state in closed else row.envelope.to_bytes() for row in rows],
    }
