"""Requests: kept for their file's time, then only as a skeleton without persons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_errors import Gone, NotFound
from sqlalchemy import any_, delete, func, insert, literal, select, tuple_, update

from recital_dsar.model import (
    CodeFacts,
    Deadlines,
    Outcome,
    Request,
    RequestKind,
    State,
    Withholding,
)
from recital_dsar.store.tables import OpenRequestRow, RequestRow, mine, table

REQUESTS, OPEN_REQUESTS = table(RequestRow), table(OpenRequestRow)


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request as it is first written; `identifiers` are sealed."""

    id: UUID
    kind: RequestKind
    language: str
    by_portal: bool
    deadlines: Deadlines
    file_key: UUID
    identifiers_key: UUID
    identifiers: bytes
    looked_at: datetime
    look_at: datetime | None
    channel: str


async def add_request(tx: Transaction, new: NewRequest) -> None:
    """Write a new request, open and received."""
    await tx.execute(
        insert(REQUESTS).values(
            tenant_id=tx.tenant,
            id=new.id,
            kind=new.kind.value,
            state=State.RECEIVED.value,
            language=new.language,
            by_portal=new.by_portal,
            channel=new.channel,
            paused_days=0,
            received_at=tx.now,
            withholding=Withholding.PENDING.value,
            code_tries=0,
            file_key=new.file_key,
            identifiers_key=new.identifiers_key,
            identifiers=new.identifiers,
            **_dates(new.deadlines),
        )
    )
    await tx.execute(
        insert(OPEN_REQUESTS).values(tenant_id=tx.tenant, id=new.id, looked_at=new.looked_at, look_at=new.look_at)
    )


async def request(tx: Transaction, request_id: UUID, *, lock: bool = False) -> Request:
    """Return a request, its row locked on demand; NotFound, or Gone after its file was erased."""
    asked = select(REQUESTS).where(mine(RequestRow, tx), REQUESTS.c.id == request_id)
    row = (await tx.execute(asked.with_for_update() if lock else asked)).one_or_none()
    if row is None:
        raise NotFound
    if row.erased_at is not None:
        raise Gone("request_erased", "The file of this request has been erased.")
    return _request(row)


async def change_request(tx: Transaction, request_id: UUID, **values: Any) -> None:
    """Write columns of a request; enum values are written as their words."""
    await tx.execute(update(REQUESTS).where(mine(RequestRow, tx), REQUESTS.c.id == request_id).values(**values))


async def change_deadlines(tx: Transaction, request_id: UUID, dates: Deadlines) -> None:
    """Write the dates of a request."""
    await change_request(tx, request_id, **_dates(dates))


async def sealed_identifiers(tx: Transaction, request_id: UUID) -> bytes | None:
    """Return what identifies the person, still sealed; None once the request is closed."""
    found: bytes | None = (
        await tx.execute(select(REQUESTS.c.identifiers).where(mine(RequestRow, tx), REQUESTS.c.id == request_id))
    ).scalar_one()
    return found


async def requests_by_due_date(
    tx: Transaction, *, after: UUID | None, most: int, state: State | None
) -> Sequence[Request]:
    """Return open requests, those due first in front, after the one with the id `after`."""
    asked = select(REQUESTS).where(mine(RequestRow, tx), REQUESTS.c.closed_at.is_(None))
    if state is not None:
        asked = asked.where(REQUESTS.c.state == state.value)
    if after is not None:
        place = select(REQUESTS.c.answer_by, REQUESTS.c.id).where(mine(RequestRow, tx), REQUESTS.c.id == after)
        asked = asked.where(tuple_(REQUESTS.c.answer_by, REQUESTS.c.id) > place.scalar_subquery())
    rows = await tx.execute(asked.order_by(REQUESTS.c.answer_by, REQUESTS.c.id).limit(most))
    return [_request(row) for row in rows]


async def requests_by_arrival(
    tx: Transaction, *, after: UUID | None, most: int, state: State | None
) -> Sequence[Request]:
    """Return requests, closed ones too, in the order they came, after the id `after`."""
    asked = select(REQUESTS).where(mine(RequestRow, tx), REQUESTS.c.erased_at.is_(None))
    if state is not None:
        asked = asked.where(REQUESTS.c.state == state.value)
    if after is not None:
        asked = asked.where(REQUESTS.c.id > after)
    rows = await tx.execute(asked.order_by(REQUESTS.c.id).limit(most))
    return [_request(row) for row in rows]


async def portal_requests_since(tx: Transaction, since: datetime) -> int:
    """Return how many requests came through the portal since an instant."""
    counted = select(func.count()).where(
        mine(RequestRow, tx), REQUESTS.c.by_portal, REQUESTS.c.id >= func.recital_id_at(since)
    )
    return int((await tx.execute(counted)).scalar_one())


async def open_of_kind(tx: Transaction, kind: RequestKind, before: UUID) -> Sequence[tuple[UUID, tuple[UUID, ...]]]:
    """Return id and subjects of open requests of a kind that came before another, oldest first."""
    rows = await tx.execute(
        select(REQUESTS.c.id, REQUESTS.c.subjects)
        .where(
            mine(RequestRow, tx),
            REQUESTS.c.closed_at.is_(None),
            REQUESTS.c.kind == kind.value,
            REQUESTS.c.subjects.is_not(None),
            REQUESTS.c.id < before,
        )
        .order_by(REQUESTS.c.id)
    )
    return [(row.id, tuple(row.subjects)) for row in rows]


async def open_about(tx: Transaction, subject: UUID) -> Sequence[Request]:
    """Return open requests that concern a subject, rows locked."""
    rows = await tx.execute(
        select(REQUESTS)
        .where(mine(RequestRow, tx), REQUESTS.c.closed_at.is_(None), literal(subject) == any_(REQUESTS.c.subjects))
        .order_by(REQUESTS.c.id)
        .with_for_update()
    )
    return [_request(row) for row in rows]


async def requests_about(tx: Transaction, subjects: Sequence[UUID], *, but: UUID) -> Sequence[Request]:
    """Return every request but one that concerns any of these subjects and whose file is kept, oldest first."""
    rows = await tx.execute(
        select(REQUESTS)
        .where(
            mine(RequestRow, tx),
            REQUESTS.c.subjects.overlap(list(subjects)),
            REQUESTS.c.erased_at.is_(None),
            REQUESTS.c.id != but,
        )
        .order_by(REQUESTS.c.id)
    )
    return [_request(row) for row in rows]


async def open_by_kind(tx: Transaction) -> dict[str, int]:
    """Count open requests by kind."""
    rows = await tx.execute(
        select(REQUESTS.c.kind, func.count().label("number"))
        .where(mine(RequestRow, tx), REQUESTS.c.closed_at.is_(None))
        .group_by(REQUESTS.c.kind)
        .order_by(REQUESTS.c.kind)
    )
    return {row.kind: row.number for row in rows}


async def shut(tx: Transaction, request_id: UUID) -> None:
    """Take a request off the list of open ones."""
    await tx.execute(delete(OPEN_REQUESTS).where(mine(OpenRequestRow, tx), OPEN_REQUESTS.c.id == request_id))


async def tenant_of_open(tx: Transaction, request_id: UUID) -> UUID | None:
    """Return whose open request this is (worker role), None where there is none."""
    found = await tx.execute(select(OPEN_REQUESTS.c.tenant_id).where(OPEN_REQUESTS.c.id == request_id))
    tenant: UUID | None = found.scalar_one_or_none()
    return tenant


async def to_look_at(tx: Transaction, most: int) -> list[tuple[UUID, UUID]]:
    """Return tenant and id of open requests whose next look is due (worker role)."""
    rows = await tx.execute(
        select(OPEN_REQUESTS.c.tenant_id, OPEN_REQUESTS.c.id)
        .where(OPEN_REQUESTS.c.look_at <= tx.now)
        .order_by(OPEN_REQUESTS.c.look_at)
        .limit(most)
    )
    return [(row.tenant_id, row.id) for row in rows]


async def tenants_with_open(tx: Transaction) -> list[UUID]:
    """Return the tenants that have open requests (worker role)."""
    return [row.tenant_id for row in await tx.execute(select(OPEN_REQUESTS.c.tenant_id).distinct())]


async def open_limits(tx: Transaction) -> list[date]:
    """Return the last day for the answer of each open request that has none."""
    rows = await tx.execute(
        select(REQUESTS.c.answer_by).where(
            mine(RequestRow, tx), REQUESTS.c.closed_at.is_(None), REQUESTS.c.answered_at.is_(None)
        )
    )
    return [row.answer_by for row in rows]


async def last_look(tx: Transaction, request_id: UUID) -> datetime | None:
    """Return when an open request was last looked at, its row locked; None where it is closed by now."""
    found = await tx.execute(
        select(OPEN_REQUESTS.c.looked_at)
        .where(mine(OpenRequestRow, tx), OPEN_REQUESTS.c.id == request_id)
        .with_for_update()
    )
    at: datetime | None = found.scalar_one_or_none()
    return at


async def plan_look(tx: Transaction, request_id: UUID, look_at: datetime | None, *, looked: bool = False) -> None:
    """Write when an open request is to be looked at next, and on demand that it was looked at now."""
    now = {"looked_at": tx.now} if looked else {}
    await tx.execute(
        update(OPEN_REQUESTS)
        .where(mine(OpenRequestRow, tx), OPEN_REQUESTS.c.id == request_id)
        .values(look_at=look_at, **now)
    )


def _dates(dates: Deadlines) -> dict[str, date]:
    return {
        "received_on": dates.received_on,
        "due_on": dates.due_on,
        "alarm_on": dates.alarm_on,
        "extended_due_on": dates.extended_due_on,
        "extension_alarm_on": dates.extension_alarm_on,
        "internal_target_on": dates.internal_target_on,
    }


def _request(row: Any) -> Request:
    return Request(
        id=row.id,
        kind=RequestKind(row.kind),
        state=State(row.state),
        language=row.language,
        received_at=row.received_at,
        deadlines=Deadlines(
            row.received_on,
            row.due_on,
            row.alarm_on,
            row.extended_due_on,
            row.extension_alarm_on,
            row.internal_target_on,
        ),
        withholding=Withholding(row.withholding),
        subjects=None if row.subjects is None else tuple(row.subjects),
        order=row.order_id,
        identity_asked_at=row.identity_asked_at,
        identity_settled_at=row.identity_settled_at,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        closed_at=row.closed_at,
        file_key=row.file_key,
        identifiers_key=row.identifiers_key,
        code=CodeFacts(row.code_digest, row.code_tries),
        channel=row.channel,
        proved_by=row.proved_by,
        repeats=row.repeats,
        extension_asked_at=row.extension_asked_at,
        extended_at=row.extended_at,
        answered_at=row.answered_at,
    )
