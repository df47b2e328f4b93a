"""What belongs together is written in one round trip, and reads as if written one by one."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from recital_database import Database, Gathered, Writing, announce, new_ids
from recital_database.journal import sequence
from recital_database.outbox import unpublished
from recital_database.tables import Tabular, binary, instant, own_registry
from recital_events import ClockExpired, EndingReported, Envelope
from recital_ledger import commitment
from sqlalchemy import event

ALPHA = UUID(int=0xA)
AT = datetime(2026, 11, 24, 12, 0, 0, 250_000, tzinfo=UTC)
STRANGER = EndingReported(ending=UUID(int=5), reference="case-1", ended_at=AT, reported_at=AT)


class Row(Tabular, registry=own_registry()):
    """Rows of these tests."""


class KeyRow(Row, table=True):
    """A table that every service has."""

    __tablename__ = "idempotency"
    key_sha256: bytes = binary(key=True)
    fingerprint: bytes = binary()
    result: UUID | None
    claimed_at: datetime = instant()


def expired(recording: int, key: str = "quality") -> ClockExpired:
    return ClockExpired(recording=UUID(int=recording), purpose=UUID(int=9), key=key, expired_at=AT)


async def test_rows_entries_and_events_are_written_in_one_statement(retention: Database) -> None:
    async with retention.transaction(ALPHA) as tx:
        await announce(tx, expired(1))
        first, second = await new_ids(tx, 2)
    sent: list[str] = []
    async with retention.transaction(ALPHA) as tx:
        engine = retention._app.sync_engine

        def count(*said: object) -> None:
            sent.append(str(said[2]))

        event.listen(engine, "before_cursor_execute", count)
        gathered = Gathered(tx)
        keys = [{"key_sha256": bytes([n]), "fingerprint": b"\0\xff", "result": None, "claimed_at": AT} for n in (1, 2)]
        gathered.add(KeyRow, [keys[0], keys[1] | {"result": first}])
        gathered.add(KeyRow, [])
        writings = [Writing("thing.made", {"thing": str(first)}, {"name": "Jo"}), Writing("thing.told", {})]
        made = gathered.record("access", writings, [first, second])
        gathered.announce([expired(2), expired(1, "a"), expired(1, "b")])
        await gathered.write()
        await gathered.write()
        event.remove(engine, "before_cursor_execute", count)
    assert len(sent) == 1
    async with retention.transaction(ALPHA) as tx:
        rows = (await tx.execute("select * from idempotency order by key_sha256")).all()
        assert [(row.key_sha256, row.fingerprint, row.result, row.claimed_at) for row in rows] == [
            (b"\1", b"\0\xff", None, AT),
            (b"\2", b"\0\xff", first, AT),
        ]
        entries = (await tx.execute("select * from ledger_entries order by id")).all()
        assert [(row.id, row.kind, row.facts) for row in entries] == [
            (first, "thing.made", {"thing": str(first)}),
            (second, "thing.told", {}),
        ]
        assert entries[0].commitment == commitment(made[0].salt, {"name": "Jo"})
        assert not await sequence(tx, "access", lambda _head: "signed", "origin")
    async with retention.work() as work:
        told = [Envelope.parse(each.payload) for each in await unpublished(work, 10)]
    assert [(each.subject[-1], each.version, each.data["key"]) for each in told] == [
        ("1", 1, "quality"),
        ("2", 1, "quality"),
        ("1", 2, "a"),
        ("1", 3, "b"),
    ]


async def test_nothing_gathered_is_nothing_written_and_strangers_are_refused(retention: Database) -> None:
    async with retention.transaction(ALPHA) as tx:
        gathered = Gathered(tx)
        gathered.announce([])
        await gathered.write()
        with pytest.raises(ValueError, match="ending"):
            gathered.announce([STRANGER])
        gathered.insert("idempotency", [{"key_sha256": object()}])
        with pytest.raises(TypeError, match="object"):
            await gathered.write()
