"""Rows of several tables, ledger entries and events that belong together, written in one round trip.

Each round trip costs more than what it carries, and what a request writes is mostly known before the first row is.
The ids of what is written are therefore had beforehand (`new_ids`), and nothing comes back.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from recital_events import Event
from recital_ledger import commitment

from recital_database.connection import Transaction, traceparent
from recital_database.journal import Recorded, Writing
from recital_database.tables import Tabular

# Versions count on per aggregate, in the order told.
_TELL = """
    told as (
        select s.*, count(*) over (partition by aggregate, aggregate_id) as number,
            row_number() over (partition by aggregate, aggregate_id order by place) as turn
        from jsonb_to_recordset(cast(cast(:events as text) as jsonb))
            as s (place int, name text, schema_version int, aggregate text, aggregate_id uuid, data jsonb)),
    next as (
        insert into aggregate_versions as held (tenant_id, aggregate, aggregate_id, version, epoch)
        select distinct cast(:tenant as uuid), aggregate, aggregate_id, number, recital_epoch.epoch
        from told, recital_epoch order by 2, 3
        on conflict (tenant_id, aggregate, aggregate_id) do update
        set version = held.version + excluded.version, epoch = excluded.epoch,
            epoch_base = case when held.epoch < excluded.epoch then held.version else held.epoch_base end
        returning aggregate, aggregate_id, version, epoch, epoch_base),
    sent as (
        insert into outbox
            (tenant_id, name, schema_version, aggregate, aggregate_id, version, epoch, epoch_base, traceparent, data)
        select cast(:tenant as uuid), told.name, told.schema_version, told.aggregate, told.aggregate_id,
            next.version - told.number + told.turn, next.epoch, next.epoch_base, :traceparent, told.data
        from told join next using (aggregate, aggregate_id) order by told.place)
"""


class Gathered:
    """What one transaction is going to write: gathered first, then written at once."""

    def __init__(self, tx: Transaction) -> None:
        """Nothing is written yet."""
        self._tx = tx
        self._rows: dict[tuple[str, tuple[str, ...]], list[Mapping[str, Any]]] = {}
        self._events: list[Event] = []

    def add(self, row: type[Tabular], values: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows of the transaction's tenant; all have the same columns."""
        self.insert(str(row.__tablename__), values)

    def insert(self, table: str, values: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows into a table that has no class; all have the same columns."""
        if values:
            self._rows.setdefault((table, tuple(values[0])), []).extend(values)

    def record(self, log: str, writings: Sequence[Writing], ids: Sequence[UUID]) -> list[Recorded]:
        """Write ledger entries under these ids, which ascend in the order given. As `journal.record_all` else."""
        made = [Recorded(id_, secrets.token_bytes(16)) for id_, _ in zip(ids, writings, strict=True)]
        entries = [
            {
                "id": recorded.entry,
                "log": log,
                "kind": each.kind,
                "facts": each.facts,
                "commitment": commitment(recorded.salt, each.details),
            }
            for recorded, each in zip(made, writings, strict=True)
        ]
        self.insert("ledger_entries", entries)
        self.insert("ledger_queue", [{"log": log, "id": recorded.entry} for recorded in made])
        return made

    def announce(self, events: Sequence[Event]) -> None:
        """Tell events, in the order given. Raises ValueError where this service may not publish one."""
        for event in events:
            if self._tx.service not in event.producers:
                raise ValueError(f"{self._tx.service} may not publish {event.name}")
        self._events.extend(events)

    async def write(self) -> None:
        """Write everything in one statement; a row that refers to another of them may come before it."""
        if not self._rows and not self._events:
            return
        statement = _statement(tuple(self._rows), tells=bool(self._events))
        parameters: dict[str, Any] = {"tenant": self._tx.tenant}
        for number, rows in enumerate(self._rows.values()):
            parameters[f"rows_{number}"] = json.dumps(rows, default=_plain)
        if self._events:
            parameters["traceparent"] = traceparent.get()
            parameters["events"] = json.dumps([_told(place, each) for place, each in enumerate(self._events)])
        await self._tx.execute(statement, parameters)
        if self._events:
            self._tx.touched.add("outbox")
        if any(table == "ledger_queue" for table, _ in self._rows):
            self._tx.touched.add("ledger")
        self._rows, self._events = {}, []


@lru_cache(maxsize=200)
def _statement(tables: tuple[tuple[str, tuple[str, ...]], ...], *, tells: bool) -> str:
    parts = []
    for number, (table, columns) in enumerate(tables):
        named = ", ".join(columns)
        parts.append(
            f"w{number} as (insert into {table} (tenant_id, {named}) select cast(:tenant as uuid), {named}"  # noqa: S608 - names from code
            f" from jsonb_populate_recordset(cast(null as {table}), cast(cast(:rows_{number} as text) as jsonb)))"
        )
    return f"with {', '.join([*parts, *([_TELL] if tells else [])])} select 1"


def _told(place: int, event: Event) -> dict[str, Any]:
    return {
        "place": place,
        "name": event.name,
        "schema_version": event.schema_version,
        "aggregate": event.aggregate,
        "aggregate_id": str(event.aggregate_id),
        "data": event.model_dump(mode="json"),
    }


def _plain(value: object) -> Any:
    """Return a value as PostgreSQL reads it from JSON."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is kept in no column")
