"""What becomes of an event that its handler cannot take: about what is gone it is over, without its key it is dead."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from recital_bus import Message, Outcome
from recital_database import NotYet, Transaction, record
from recital_errors import Gone, NotFound
from recital_events import ClockExpired, Envelope
from recital_runtime.intake import Intake

TENANT, RECORDING = UUID(int=0xA), UUID(int=0xC)
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def told(version: int) -> Message:
    event = ClockExpired(recording=RECORDING, purpose=UUID(int=9), key="quality", expired_at=AT)
    envelope = Envelope(
        id=UUID(int=0x100 + version),
        source="recital/retention",
        type="recital.clock.expired",
        subject=str(event.aggregate_id),
        time=AT,
        dataschema="recital/clock.expired/v1",
        tenant=TENANT,
        version=version,
        data=event.model_dump(mode="json"),
    )
    return Message(envelope.address, str(envelope.id), envelope.to_bytes(), {})


def intake_of(small: Any, *trouble: Exception | NotYet | None) -> Intake:
    """An intake whose handler writes something and then has one trouble after another."""
    still = list(trouble)

    async def handle(tx: Transaction, _event: ClockExpired) -> NotYet | None:
        await record(tx, "access", "tried", facts={})
        now = still.pop(0)
        if isinstance(now, Exception):
            raise now
        return now

    return Intake(small.runtime.database, {ClockExpired: handle}, small.runtime.metrics, None)


async def rows(small: Any, what: str) -> list[Any]:
    async with small.runtime.database.transaction(TENANT) as tx:
        return [each[0] for each in await tx.execute(what)]


STATES = "select state from inbox order by version"
TRIED = "select count(*) from ledger_entries"


async def test_an_event_about_what_was_erased_is_over_undone_and_those_after_it_go_on(small: Any) -> None:
    gone = Gone("tenant_erased")
    intake = intake_of(small, gone, gone, None, None)
    assert await intake.take([told(1)]) == [Outcome.DONE]
    assert await rows(small, TRIED) == [0]
    assert await intake.take([told(1), told(2)]) == [Outcome.DONE, Outcome.DONE]
    assert await rows(small, STATES) == ["done", "done"]
    assert await rows(small, TRIED) == [1]


async def test_an_event_that_waited_is_over_once_what_it_is_about_was_erased(small: Any) -> None:
    intake = intake_of(small, NotYet("tenant"), NotYet("tenant"), NotYet("tenant"), Gone("tenant_erased"))
    await intake.take([told(1)])
    while await rows(small, STATES) == ["waiting"]:
        await intake.drain()
    assert await rows(small, STATES) == ["done"]


@pytest.mark.parametrize(
    ("trouble", "outcome", "letters"),
    [(lambda: NotFound("key_destroyed"), Outcome.DEAD, 1), (lambda: NotFound(), Outcome.RETRY, 0)],
)
async def test_only_an_event_whose_key_was_destroyed_is_dead(
    small: Any, trouble: Callable[[], Exception], outcome: Outcome, letters: int
) -> None:
    assert await intake_of(small, trouble(), trouble()).take([told(1)]) == [outcome]
    assert await rows(small, "select count(*) from dead_letters") == [letters]
