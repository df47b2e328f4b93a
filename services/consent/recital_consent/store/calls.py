"""Calls: registered, read in batches, locked by whoever changes them, reduced to skeletons."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_errors import NotFound
from sqlalchemy import Row, delete, select, update

from recital_consent.model.calls import (
    Call,
    CallRecord,
    Direction,
    Entry,
    EntryKind,
    Party,
    PartyKind,
    PartyType,
    PurposeTerms,
    Written,
)
from recital_consent.model.purposes import PurposeVersion
from recital_consent.store.purposes import versions_of_calls
from recital_consent.store.subjects import announced_to
from recital_consent.store.tables import (
    CallEntryRow,
    CallPartyRow,
    CallPurposeRow,
    CallRow,
    ExternalIdRow,
    add,
    add_new,
)

_CALLS, _PARTIES, _ENTRIES = CallRow.__table__, CallPartyRow.__table__, CallEntryRow.__table__
_PURPOSES, _EXTERNAL = CallPurposeRow.__table__, ExternalIdRow.__table__


async def claim_external_id(
    tx: Transaction, digest: bytes, *, call: UUID, fingerprint: bytes
) -> tuple[UUID, bytes] | None:
    """Claim an external id for a call; where it was taken, return the call it stands for and its fingerprint.

    Whoever comes second waits for the first one's transaction.
    """
    if await add_new(tx, ExternalIdRow, {"digest": digest, "call_id": call, "fingerprint": fingerprint}):
        return None
    statement = select(_EXTERNAL).where(_EXTERNAL.c.tenant_id == tx.tenant, _EXTERNAL.c.digest == digest)
    row = (await tx.execute(statement)).one()
    return row.call_id, bytes(row.fingerprint)


async def call_of_external_id(tx: Transaction, digest: bytes) -> UUID | None:
    """Return the call that an external id stands for."""
    statement = select(_EXTERNAL.c.call_id).where(_EXTERNAL.c.tenant_id == tx.tenant, _EXTERNAL.c.digest == digest)
    found: UUID | None = (await tx.execute(statement)).scalar_one_or_none()
    return found


async def add_call(tx: Transaction, call: CallRecord, *, ledger_entry: UUID, salt: bytes) -> None:
    """Keep a registered call with its purposes, parties and entries."""
    values = {
        "id": call.id,
        "registered_at": call.registered_at,
        "reference": call.reference,
        "external_id": call.external_id,
        "source_id": call.source,
        "direction": call.direction.value if call.direction else None,
        "language": call.language,
        "call_references": list(call.references),
        "country": call.facts.country,
        "guard_ms": call.facts.guard_ms,
        "answered_at": call.facts.answered_at,
        "started_at": call.started_at,
        "ended_at": call.ended_at,
        "private": call.private,
        "timeline_version": call.timeline_version,
        "ledger_entry": ledger_entry,
        "salt": salt,
    }
    await add(tx, CallRow, [values])
    purposes = [
        {"id": call.id, "purpose_id": purpose.id, "version": purpose.version, "position": position}
        for position, purpose in enumerate(call.purposes)
    ]
    await add(tx, CallPurposeRow, purposes)
    await add_parties(tx, call.id, call.facts.parties)
    await add_entries(tx, call.id, list(call.written.values()))


async def add_parties(tx: Transaction, call: UUID, parties: Sequence[Party]) -> None:
    """Keep parties of a call."""
    await add(
        tx,
        CallPartyRow,
        [
            {
                "id": call,
                "label": party.label,
                "kind": party.kind.value,
                "type": party.type.value,
                "subject_id": party.subject,
                "registered": party.registered,
                "region": party.region,
            }
            for party in parties
        ],
    )


async def add_entries(tx: Transaction, call: UUID, written: Sequence[Written]) -> None:
    """Keep entries of a call's timeline."""
    await add(tx, CallEntryRow, [_entry_values(call, each) for each in written])


async def change_call(tx: Transaction, call: UUID, **changes: Any) -> None:
    """Change columns of a call."""
    await tx.execute(update(_CALLS).where(_CALLS.c.tenant_id == tx.tenant, _CALLS.c.id == call).values(**changes))


async def read_call(tx: Transaction, call: UUID, *, locked: bool = False) -> CallRecord:
    """Return one call, also a skeleton; `locked` against everyone else who changes it. Raises NotFound."""
    statement = select(_CALLS).where(_CALLS.c.tenant_id == tx.tenant, _CALLS.c.id == call)
    rows = (await tx.execute(statement.with_for_update() if locked else statement)).all()
    if not rows:
        raise NotFound
    return (await _records(tx, rows))[0]


async def list_calls(tx: Transaction, *, after: UUID | None, most: int) -> list[CallRecord]:
    """Return a page of the calls that are not erased, in the order they were registered."""
    statement = select(_CALLS).where(_CALLS.c.tenant_id == tx.tenant, _CALLS.c.erasing_at.is_(None))
    if after is not None:
        statement = statement.where(_CALLS.c.id > after)
    return await _records(tx, (await tx.execute(statement.order_by(_CALLS.c.id).limit(most))).all())


async def calls_of_subjects(tx: Transaction, subjects: Collection[UUID]) -> list[CallRecord]:
    """Return the calls that any of these subjects took part in and that are not erased."""
    theirs = select(_PARTIES.c.id).where(_PARTIES.c.tenant_id == tx.tenant, _PARTIES.c.subject_id.in_(list(subjects)))
    statement = select(_CALLS).where(
        _CALLS.c.tenant_id == tx.tenant, _CALLS.c.id.in_(theirs), _CALLS.c.erasing_at.is_(None)
    )
    return await _records(tx, (await tx.execute(statement.order_by(_CALLS.c.id))).all())


async def reduce_to_skeleton(tx: Transaction, call: UUID, *, order: UUID, ground: str) -> None:
    """Remove what was said of a call and who took part; dates, order and ground stay."""
    for table in (_ENTRIES, _PARTIES, _PURPOSES):
        await tx.execute(delete(table).where(table.c.tenant_id == tx.tenant, table.c.id == call))
    await change_call(
        tx,
        call,
        external_id=None,
        source_id=None,
        direction=None,
        language=None,
        call_references=[],
        salt=None,
        erased_at=tx.now,
        erasure_order=order,
        erasure_ground=ground,
    )


async def is_skeleton(tx: Transaction, call: UUID) -> bool:
    """Whether neither a party nor an entry of a call is left."""
    for table in (_ENTRIES, _PARTIES):
        if (await tx.execute(select(table.c.id).where(table.c.tenant_id == tx.tenant, table.c.id == call))).first():
            return False
    return True


async def _records(tx: Transaction, rows: Sequence[Row[Any]]) -> list[CallRecord]:
    ids = [row.id for row in rows]
    if not ids:
        return []
    purposes = await versions_of_calls(tx, ids)
    parties = await _parties(tx, ids, {each.key for found in purposes.values() for each in found})
    written = await _written(tx, ids)
    return [_record(row, purposes.get(row.id, ()), parties[row.id], written[row.id]) for row in rows]


async def _parties(tx: Transaction, calls: Collection[UUID], keys: Collection[str]) -> Mapping[UUID, list[Party]]:
    statement = select(_PARTIES).where(_PARTIES.c.tenant_id == tx.tenant, _PARTIES.c.id.in_(list(calls)))
    rows = (await tx.execute(statement.order_by(_PARTIES.c.label))).all()
    staff = {row.subject_id for row in rows if row.kind == PartyKind.STAFF and row.subject_id}
    announced = await announced_to(tx, staff, keys) if staff else {}
    found: defaultdict[UUID, list[Party]] = defaultdict(list)
    for row in rows:
        found[row.id].append(
            Party(
                label=row.label,
                kind=PartyKind(row.kind),
                type=PartyType(row.type),
                subject=row.subject_id,
                registered=row.registered,
                region=row.region,
                announced=announced.get(row.subject_id, {}),
            )
        )
    return found


async def _written(tx: Transaction, calls: Collection[UUID]) -> Mapping[UUID, dict[str, Written]]:
    statement = select(_ENTRIES).where(_ENTRIES.c.tenant_id == tx.tenant, _ENTRIES.c.id.in_(list(calls)))
    found: defaultdict[UUID, dict[str, Written]] = defaultdict(dict)
    for row in await tx.execute(statement.order_by(_ENTRIES.c.at, _ENTRIES.c.entry)):
        entry = Entry(
            id=row.entry,
            kind=EntryKind(row.kind),
            at=row.at,
            received_at=row.received_at,
            party=row.party,
            purposes=frozenset(row.purposes),
            version=row.version,
            language=row.language,
            started_at=row.started_at,
            ended_at=row.ended_at,
            completed=row.completed,
        )
        found[row.id][row.entry] = Written(
            entry=entry, digest=bytes(row.digest), ledger_entry=row.ledger_entry, salt=bytes(row.salt)
        )
    return found


def terms_of(purpose: PurposeVersion) -> PurposeTerms:
    """Return what the rulebook needs of a purpose version."""
    draft = purpose.draft
    return PurposeTerms(
        id=purpose.id,
        key=purpose.key,
        version=purpose.version,
        basis=draft.basis.kind,
        retention=draft.retention,
        hold_suppressed=draft.hold_suppressed,
        review_on=draft.basis.review_on,
    )


def _record(
    row: Row[Any], purposes: Sequence[PurposeVersion], parties: Sequence[Party], written: Mapping[str, Written]
) -> CallRecord:
    facts = Call(
        id=row.id,
        country=row.country,
        guard_ms=row.guard_ms,
        has_source=row.source_id is not None,
        purposes=tuple(terms_of(each) for each in purposes),
        parties=tuple(parties),
        answered_at=row.answered_at,
        entries=tuple(each.entry for each in written.values()),
    )
    return CallRecord(
        facts=facts,
        registered_at=row.registered_at,
        reference=row.reference,
        external_id=row.external_id,
        source=row.source_id,
        direction=Direction(row.direction) if row.direction else None,
        language=row.language,
        references=tuple(row.call_references),
        purposes=tuple(purposes),
        started_at=row.started_at,
        ended_at=row.ended_at,
        private=row.private,
        timeline_version=row.timeline_version,
        recorded_at=row.recorded_at,
        erasing_at=row.erasing_at,
        written=written,
    )


def _entry_values(call: UUID, written: Written) -> dict[str, datetime | Any]:
    entry = written.entry
    return {
        "id": call,
        "entry": entry.id,
        "kind": entry.kind.value,
        "at": entry.at,
        "received_at": entry.received_at,
        "party": entry.party,
        "purposes": sorted(entry.purposes),
        "version": entry.version,
        "language": entry.language,
        "started_at": entry.started_at,
        "ended_at": entry.ended_at,
        "completed": entry.completed,
        "digest": written.digest,
        "ledger_entry": written.ledger_entry,
        "salt": written.salt,
    }
