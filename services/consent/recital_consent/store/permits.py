"""Permits that were given, and the recordings that ingest made under them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Gathered, Transaction
from recital_events import PurposeSpans as PurposeSpansSaid
from recital_events import RecordingStored, RecordingTrimmed
from sqlalchemy import Row, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from recital_consent.model.completeness import StoredSpans
from recital_consent.model.permits import Issued, listed, unlisted
from recital_consent.store.tables import PermitRow, RecordingRow, add_new

_PERMITS, _RECORDINGS = PermitRow.__table__, RecordingRow.__table__
_CHANGE = text(
    """
    update permits set spans = s.spans, revoked_at = s.revoked, suspended_at = s.suspended, reason = s.reason
    from unnest(cast(:ids as uuid[]), cast(:spans as jsonb[]), cast(:revoked as timestamptz[]),
        cast(:suspended as timestamptz[]), cast(:reasons as text[])) as s (id, spans, revoked, suspended, reason)
    where permits.tenant_id = :tenant and permits.id = s.id
    """
).bindparams(bindparam("spans", type_=ARRAY(JSONB, dimensions=1)))


def add_permit(writes: Gathered, permit: Issued, *, ledger_entry: UUID, salt: bytes) -> None:
    """Keep a permit that is about to be given."""
    values = {
        "id": permit.id,
        "call_id": permit.call,
        "issued_at": permit.issued_at,
        "expires_at": permit.expires_at,
        "final": permit.final,
        "answered_at": permit.answered_at,
        "spans": listed(permit.spans),
        "claims": permit.claims,
        "reason": None,
        "ledger_entry": ledger_entry,
        "salt": salt,
    }
    writes.add(PermitRow, [values])


async def find_permit(tx: Transaction, permit: UUID) -> Issued | None:
    """Return a permit, None where there is none."""
    statement = select(_PERMITS).where(_PERMITS.c.tenant_id == tx.tenant, _PERMITS.c.id == permit)
    row = (await tx.execute(statement)).one_or_none()
    return _permit(row) if row else None


async def first_permit(tx: Transaction, call: UUID, *, issued_at: datetime) -> Issued | None:
    """Return the permit of a call that was given at an instant, None where none was."""
    statement = select(_PERMITS).where(
        _PERMITS.c.tenant_id == tx.tenant, _PERMITS.c.call_id == call, _PERMITS.c.issued_at == issued_at
    )
    row = (await tx.execute(statement.order_by(_PERMITS.c.id).limit(1))).one_or_none()
    return _permit(row) if row else None


async def permits_of(tx: Transaction, calls: Collection[UUID]) -> Sequence[Issued]:
    """Return the permits of calls from which something can still be taken, locked."""
    statement = (
        select(_PERMITS)
        .where(_PERMITS.c.tenant_id == tx.tenant, _PERMITS.c.call_id.in_(list(calls)), _PERMITS.c.claims.is_not(None))
        .order_by(_PERMITS.c.id)
        .with_for_update()
    )
    return [_permit(row) for row in await tx.execute(statement)]


async def change_permits(tx: Transaction, changed: Sequence[Issued]) -> None:
    """Keep what remains of permits, and whether they are revoked or suspended, in one statement."""
    await tx.execute(
        _CHANGE,
        {
            "tenant": tx.tenant,
            "ids": [each.id for each in changed],
            "spans": [listed(each.spans) for each in changed],
            "revoked": [each.revoked_at for each in changed],
            "suspended": [each.suspended_at for each in changed],
            "reasons": [each.reason for each in changed],
        },
    )


async def empty_permits(tx: Transaction, call: UUID) -> None:
    """Remove who and what from the permits of an erased call; they stand no more."""
    await tx.execute(
        update(_PERMITS)
        .where(_PERMITS.c.tenant_id == tx.tenant, _PERMITS.c.call_id == call)
        .values(spans=[], claims=None, salt=None)
    )


async def add_recording(tx: Transaction, event: RecordingStored) -> None:
    """Note that a recording of a call was stored; noting twice is harmless."""
    values = {
        "id": event.recording,
        "call_id": event.call,
        "permit_id": event.permit,
        "parties": [each.party for each in event.parties],
        "stored_at": event.stored_at,
        "spans": _said(event.spans),
        "answered_at": event.answered_at,
    }
    await add_new(tx, RecordingRow, values)


async def trim_recording(tx: Transaction, event: RecordingTrimmed) -> None:
    """Note what a recording holds since parts of it were silenced."""
    await _change_recording(
        tx, event.recording, spans=_said(event.spans), answered_at=event.answered_at, trimmed_at=event.trimmed_at
    )


async def confirm_recording(tx: Transaction, recording: UUID, at: datetime) -> None:
    """Note when a recording was read back whole."""
    await _change_recording(tx, recording, confirmed_at=at)


async def stored_spans(tx: Transaction, call: UUID) -> list[StoredSpans]:
    """Return what each recording of a call holds, or held before it was erased."""
    statement = select(_RECORDINGS.c.spans, _RECORDINGS.c.answered_at).where(
        _RECORDINGS.c.tenant_id == tx.tenant,
        _RECORDINGS.c.call_id == call,
        _RECORDINGS.c.answered_at.is_not(None),
    )
    return [
        StoredSpans(row.answered_at, tuple(span for spans in unlisted(row.spans).values() for span in spans))
        for row in await tx.execute(statement)
    ]


async def _change_recording(tx: Transaction, recording: UUID, **changes: Any) -> None:
    mine = (_RECORDINGS.c.tenant_id == tx.tenant) & (_RECORDINGS.c.id == recording)
    await tx.execute(update(_RECORDINGS).where(mine).values(**changes))


def _said(spans: Sequence[PurposeSpansSaid]) -> list[dict[str, Any]]:
    return [each.model_dump(mode="json") for each in spans]


async def bury_recording(tx: Transaction, recording: UUID) -> None:
    """Note that a recording was ordered to be erased: its call gets no permit for these voices again."""
    await tx.execute(
        update(_RECORDINGS)
        .where(_RECORDINGS.c.tenant_id == tx.tenant, _RECORDINGS.c.id == recording, _RECORDINGS.c.erased_at.is_(None))
        .values(erased_at=tx.now)
    )


async def forget_voices(tx: Transaction, call: UUID) -> None:
    """Remove whose voices were in the recordings of an erased call; it gets no permit at all any more."""
    await tx.execute(
        update(_RECORDINGS)
        .where(_RECORDINGS.c.tenant_id == tx.tenant, _RECORDINGS.c.call_id == call)
        .values(parties=[])
    )


async def erased_voices(tx: Transaction, call: UUID) -> list[frozenset[str]]:
    """Return the parties of each recording of a call that was erased."""
    statement = select(_RECORDINGS.c.parties).where(
        _RECORDINGS.c.tenant_id == tx.tenant, _RECORDINGS.c.call_id == call, _RECORDINGS.c.erased_at.is_not(None)
    )
    return [frozenset(row.parties) for row in await tx.execute(statement)]


def _permit(row: Row[Any]) -> Issued:
    claims: Mapping[str, Any] | None = row.claims
    return Issued(
        id=row.id,
        call=row.call_id,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        final=row.final,
        answered_at=row.answered_at,
        spans=unlisted(row.spans),
        claims=claims,
        revoked_at=row.revoked_at,
        suspended_at=row.suspended_at,
        reason=row.reason,
    )
