"""Calls written as they are registered, many in a few statements, and the external ids that stand for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from recital_database import Recorded, Transaction
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from recital_consent.model.calls import CallRecord, Party
from recital_consent.store.calls import entry_values, party_values
from recital_consent.store.tables import CallEntryRow, CallPartyRow, CallPurposeRow, CallRow, ExternalIdRow, add

_EXTERNAL = ExternalIdRow.__table__


@dataclass(frozen=True, slots=True)
class Claimed:
    """A call that an external id stands for, and the keyed digest of what it was registered with."""

    call: UUID
    fingerprint: bytes


async def claim_external_ids(tx: Transaction, wanted: Mapping[bytes, Claimed]) -> Mapping[bytes, Claimed]:
    """Claim external ids (by digest) for calls; return, for those that were taken, the call each stands for.

    Whoever comes second waits for the first one's transaction.
    """
    values = [
        {"tenant_id": tx.tenant, "digest": digest, "call_id": claimed.call, "fingerprint": claimed.fingerprint}
        for digest, claimed in sorted(wanted.items())
    ]
    statement = insert(_EXTERNAL).values(values).on_conflict_do_nothing().returning(_EXTERNAL.c.digest)
    mine = {bytes(row.digest) for row in await tx.execute(statement)}
    taken = wanted.keys() - mine
    return await external_ids(tx, list(taken)) if taken else {}


async def external_ids(tx: Transaction, digests: Sequence[bytes]) -> Mapping[bytes, Claimed]:
    """Return the calls that external ids stand for."""
    statement = select(_EXTERNAL).where(_EXTERNAL.c.tenant_id == tx.tenant, _EXTERNAL.c.digest.in_(list(digests)))
    return {bytes(row.digest): Claimed(row.call_id, bytes(row.fingerprint)) for row in await tx.execute(statement)}


async def add_calls(tx: Transaction, made: Sequence[tuple[CallRecord, Recorded]]) -> None:
    """Keep registered calls with their purposes, parties and entries, each with its place in the ledger."""
    await add(tx, CallRow, [_call_values(call, recorded) for call, recorded in made])
    purposes = [
        {
            "id": call.id,
            "purpose_id": purpose.id,
            "version": purpose.version,
            "position": position,
            "drawn": purpose.drawn,
        }
        for call, _ in made
        for position, purpose in enumerate(call.facts.purposes)
    ]
    await add(tx, CallPurposeRow, purposes)
    parties: list[tuple[UUID, Party]] = [(call.id, party) for call, _ in made for party in call.facts.parties]
    await add(tx, CallPartyRow, [party_values(*each) for each in parties])
    entries = [entry_values(call.id, each) for call, _ in made for each in call.written.values()]
    await add(tx, CallEntryRow, entries)


def _call_values(call: CallRecord, recorded: Recorded) -> dict[str, Any]:
    return {
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
        "ledger_entry": recorded.entry,
        "salt": recorded.salt,
        "outcome": call.completeness.outcome.value,
        "outcome_reasons": list(call.completeness.reasons),
        "gaps": [list(each) for each in call.completeness.gaps] or None,
    }
