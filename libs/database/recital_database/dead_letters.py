"""Dead letters: events that could not take effect; listed, replayed once mended, or dropped with a reason."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_errors import Conflict, NotFound, PermanentError
from recital_events import Envelope

from recital_database.connection import Transaction
from recital_database.inbox import Handlers, go_on, skip


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One event that failed for good: where it came in, why it failed, and what became of it."""

    tenant: UUID
    id: UUID
    event: UUID | None
    subject: str
    code: str
    detail: str
    failed_at: datetime
    state: str
    payload: bytes


async def dead_letters(tx: Transaction, *, state: str = "open", most: int = 100) -> Sequence[DeadLetter]:
    """Return dead letters of all tenants, oldest first (worker role)."""
    rows = await tx.execute(
        "select * from dead_letters where state = :state order by id limit :most", {"state": state, "most": most}
    )
    return [_letter(row) for row in rows]


async def dead_letter(tx: Transaction, id: UUID) -> DeadLetter:  # noqa: A002 - the word every table uses
    """Return one dead letter of whichever tenant (worker role); raises NotFound."""
    row = (await tx.execute("select * from dead_letters where id = :id", {"id": id})).one_or_none()
    if row is None:
        raise NotFound
    return _letter(row)


async def replay_letter(tx: Transaction, letter: DeadLetter, handlers: Handlers) -> bool:
    """Try a dead letter again, in a transaction of its tenant.

    True when it took effect; false when it waits for a fact or an earlier event. Raises PermanentError where it fails
    again (and nothing changes), Conflict where it is closed already.
    """
    await _claim(tx, letter)
    went = await go_on(tx, Envelope.parse(letter.payload), handlers)
    await _close(tx, letter, "replayed", "replayed")
    return went


async def drop_letter(tx: Transaction, letter: DeadLetter, because: str) -> None:
    """Give a dead letter up for a stated reason; its aggregate's later events go on without it."""
    await _claim(tx, letter)
    if letter.event is not None:
        # What cannot even be read holds nothing back.
        with suppress(PermanentError):
            await skip(tx, Envelope.parse(letter.payload))
    await _close(tx, letter, "dropped", because)


async def _claim(tx: Transaction, letter: DeadLetter) -> None:
    row = await tx.execute(
        "select state from dead_letters where tenant_id = :tenant and id = :id for update",
        {"tenant": tx.tenant, "id": letter.id},
    )
    if row.scalar_one_or_none() != "open":
        raise Conflict("dead_letter_closed", "This dead letter was replayed or dropped before.")


async def _close(tx: Transaction, letter: DeadLetter, state: str, because: str) -> None:
    await tx.execute(
        "update dead_letters set state = :state, closed_because = :because where tenant_id = :tenant and id = :id",
        {"tenant": tx.tenant, "id": letter.id, "state": state, "because": because},
    )
    await tx.execute(
        "update alarms set acknowledged_at = recital_now(), acknowledged_because = :because"
        " where tenant_id = :tenant and kind = 'dead_letter' and about = :id and acknowledged_at is null",
        {"tenant": tx.tenant, "id": letter.id, "because": because},
    )


def _letter(row: Any) -> DeadLetter:
    return DeadLetter(
        row.tenant_id, row.id, row.event_id, row.subject, row.code, row.detail, row.failed_at, row.state, row.payload
    )
