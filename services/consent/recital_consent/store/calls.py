"""Calls: registered, read in batches, locked by whoever changes them, reduced to skeletons."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_errors import NotFound
from sqlalchemy import Row, delete, select, update

from recital_consent.model.asking import PrivateAsk
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
from recital_consent.model.completeness import Completeness, Outcome
from recital_consent.model.listing import EVERY_CALL, Narrowed
from recital_consent.model.purposes import PurposeVersion
from recital_consent.model.statements import Statement
from recital_consent.store.asking import pending_asks
from recital_consent.store.listing import narrowed
from recital_consent.store.purposes import versions_of_calls
from recital_consent.store.statements import statements_of
from recital_consent.store.subjects import announced_to
from recital_consent.store.tables import (
    CallEntryRow,
    CallPartyRow,
    CallPurposeRow,
    CallRow,
    ExternalIdRow,
    add,
)

_CALLS, _PARTIES, _ENTRIES = CallRow.__table__, CallPartyRow.__table__, CallEntryRow.__table__
_PURPOSES, _EXTERNAL = CallPurposeRow.__table__, ExternalIdRow.__table__


async def call_of_external_id(tx: Transaction, digest: bytes) -> UUID | None:
    """Return the call that an external id stands for."""
    statement = select(_EXTERNAL.c.call_id).where(_EXTERNAL.c.tenant_id == tx.tenant, _EXTERNAL.c.digest == digest)
    found: UUID | None = (await tx.execute(statement)).scalar_one_or_none()
    return found


async def add_parties(tx: Transaction, call: UUID, parties: Sequence[Party]) -> None:
    """Keep parties of a call."""
    await add(tx, CallPartyRow, [party_values(call, each) for each in parties])


async def add_entries(tx: Transaction, call: UUID, written: Sequence[Written]) -> None:
    """Keep entries of a call's timeline."""
    await add(tx, CallEntryRow, [entry_values(call, each) for each in written])


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


async def read_calls(tx: Transaction, calls: Collection[UUID], *, locked: bool = False) -> Mapping[UUID, CallRecord]:
    """Return several calls, also skeletons; those that are not there are left out. `locked` as `read_call`."""
    statement = select(_CALLS).where(_CALLS.c.tenant_id == tx.tenant, _CALLS.c.id.in_(list(calls)))
    if locked:
        statement = statement.order_by(_CALLS.c.id).with_for_update()
    return {call.id: call for call in await _records(tx, (await tx.execute(statement)).all())}


async def list_calls(
    tx: Transaction, *, after: UUID | None, most: int, wanted: Narrowed = EVERY_CALL
) -> list[CallRecord]:
    """Return a page of the calls that are not erased, in the order they were registered."""
    statement = narrowed(tx, select(_CALLS), wanted, after=after).limit(most)
    return await _records(tx, (await tx.execute(statement)).all())


async def calls_of_subjects(tx: Transaction, subjects: Collection[UUID]) -> list[CallRecord]:
    """Return the calls that any of these subjects took part in and that are not erased."""
    theirs = select(_PARTIES.c.id).where(_PARTIES.c.tenant_id == tx.tenant, _PARTIES.c.subject_id.in_(list(subjects)))
    statement = select(_CALLS).where(
        _CALLS.c.tenant_id == tx.tenant, _CALLS.c.id.in_(theirs), _CALLS.c.erasing_at.is_(None)
    )
    return await _records(tx, (await tx.execute(statement.order_by(_CALLS.c.id))).all())


async def others_of(tx: Transaction, references: Collection[str]) -> list[UUID]:
    """Return who took part in the calls of these speakable references and is not staff; erased calls have nobody."""
    theirs = select(_CALLS.c.id).where(
        _CALLS.c.tenant_id == tx.tenant, _CALLS.c.reference.in_(list(references)), _CALLS.c.erasing_at.is_(None)
    )
    statement = select(_PARTIES.c.subject_id).where(
        _PARTIES.c.tenant_id == tx.tenant,
        _PARTIES.c.id.in_(theirs),
        _PARTIES.c.kind != PartyKind.STAFF.value,
        _PARTIES.c.subject_id.is_not(None),
    )
    return list((await tx.execute(statement.distinct())).scalars())


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
    around = await _around(tx, rows, purposes, parties)
    return [_record(row, purposes.get(row.id, ()), parties[row.id], written[row.id], around) for row in rows]


@dataclass(frozen=True, slots=True)
class _Around:
    """What was said of several calls elsewhere: outside them, of their privacy, and by the sample."""

    said: Sequence[Statement]
    asked: Sequence[PrivateAsk]
    left_out: Collection[tuple[UUID, UUID]]


async def _around(
    tx: Transaction,
    rows: Sequence[Row[Any]],
    purposes: Mapping[UUID, Sequence[PurposeVersion]],
    parties: Mapping[UUID, Sequence[Party]],
) -> _Around:
    """Ask only where there can be anything."""
    people = {party.subject for several in parties.values() for party in several if party.subject}
    asked = [row.id for row in rows if row.asked]
    sampled = {call for call, several in purposes.items() if any(each.draft.is_sampled for each in several)}
    return _Around(
        said=await statements_of(tx, people) if people else [],
        asked=await pending_asks(tx, asked) if asked else [],
        left_out=await _left_out(tx, sampled) if sampled else set(),
    )


async def _left_out(tx: Transaction, calls: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Return the (call, purpose) pairs that the sample left out."""
    statement = select(_PURPOSES.c.id, _PURPOSES.c.purpose_id).where(
        _PURPOSES.c.tenant_id == tx.tenant, _PURPOSES.c.id.in_(list(calls)), _PURPOSES.c.drawn.is_(False)
    )
    return {(row.id, row.purpose_id) for row in await tx.execute(statement)}


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
        retention=draft.longest_retention,
        later_retentions=purpose.later_retentions,
        hold_suppressed=draft.hold_suppressed,
        review_on=draft.basis.review_on,
        staff_only_until=draft.staff_safeguards.staff_only.until if draft.staff_safeguards.staff_only else None,
    )


def _record(
    row: Row[Any],
    purposes: Sequence[PurposeVersion],
    parties: Sequence[Party],
    written: Mapping[str, Written],
    around: _Around,
) -> CallRecord:
    people = {party.subject for party in parties}
    facts = Call(
        id=row.id,
        country=row.country,
        guard_ms=row.guard_ms,
        has_source=row.source_id is not None,
        purposes=tuple(replace(terms_of(each), drawn=(row.id, each.id) not in around.left_out) for each in purposes),
        parties=tuple(parties),
        answered_at=row.answered_at,
        entries=tuple(each.entry for each in written.values()),
        statements=tuple(each for each in around.said if each.subject in people),
        asked=tuple(each.mark() for each in around.asked if each.call == row.id),
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
        completeness=Completeness(
            outcome=Outcome(row.outcome),
            reasons=tuple(row.outcome_reasons),
            gaps=tuple((start, end) for start, end in row.gaps or ()),
        ),
        missing_at=row.missing_at,
        unended_at=row.unended_at,
        refused_code=row.refused_code,
    )


def party_values(call: UUID, party: Party) -> dict[str, Any]:
    """Return the row of a party."""
    return {
        "id": call,
        "label": party.label,
        "kind": party.kind.value,
        "type": party.type.value,
        "subject_id": party.subject,
        "registered": party.registered,
        "region": party.region,
    }


def entry_values(call: UUID, written: Written) -> dict[str, Any]:
    """Return the row of an entry."""
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
