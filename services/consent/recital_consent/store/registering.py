"""Calls written as they are registered, many in a few statements, and the external ids that stand for them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Gathered, Recorded, Transaction
from sqlalchemy import select

from recital_consent.model.calls import CallRecord, Party
from recital_consent.store.calls import entry_values, party_values
from recital_consent.store.tables import CallEntryRow, CallPartyRow, CallPurposeRow, CallRow, ExternalIdRow

_EXTERNAL = ExternalIdRow.__table__
# In one order for all, so that two who claim several wait for each other and never both.
_CLAIM = """
    insert into external_ids (tenant_id, digest, call_id, fingerprint)
    select cast(:tenant as uuid), d, c, f
    from unnest(cast(:digests as bytea[]), cast(:calls as uuid[]), cast(:fingerprints as bytea[])) as w (d, c, f)
    order by d on conflict do nothing returning digest
"""
_AWAIT = """
    select id from subjects where tenant_id = :tenant and id = any(cast(:people as uuid[])) order by id for key share
"""
# One row per announcement, and one without a subject where there is a statement.
_TOLD_AND_SAID = """
    select n.subject_id, p.key, n.version, min(n.notified_at) as at from staff_notices n
    join purposes p on p.tenant_id = n.tenant_id and p.id = n.purpose_id
    where n.tenant_id = :tenant and n.subject_id = any(cast(:staff as uuid[]))
        and p.key = any(cast(:keys as text[]))
    group by n.subject_id, p.key, n.version
    union all
    select null, null, null, null where exists (
        select from subjects a
        join subjects b on b.tenant_id = :tenant and (b.id = coalesce(a.merged_into, a.id) or b.id = a.id
            or b.merged_into = coalesce(a.merged_into, a.id))
        join statements st on st.tenant_id = :tenant and st.subject_id = b.id
        where a.tenant_id = :tenant and a.id = any(cast(:people as uuid[])))
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A call that an external id stands for, and the keyed digest of what it was registered with."""

    call: UUID
    fingerprint: bytes


async def claim_external_ids(tx: Transaction, wanted: Mapping[bytes, Claimed]) -> Mapping[bytes, Claimed]:
    """Claim external ids (by digest) for calls; return, for those that were taken, the call each stands for.

    Whoever comes second waits for the first one's transaction.
    """
    values = {
        "tenant": tx.tenant,
        "digests": list(wanted),
        "calls": [each.call for each in wanted.values()],
        "fingerprints": [each.fingerprint for each in wanted.values()],
    }
    mine = {bytes(row.digest) for row in await tx.execute(_CLAIM, values)}
    taken = wanted.keys() - mine
    return await external_ids(tx, list(taken)) if taken else {}


async def external_ids(tx: Transaction, digests: Sequence[bytes]) -> Mapping[bytes, Claimed]:
    """Return the calls that external ids stand for."""
    statement = select(_EXTERNAL).where(_EXTERNAL.c.tenant_id == tx.tenant, _EXTERNAL.c.digest.in_(list(digests)))
    return {bytes(row.digest): Claimed(row.call_id, bytes(row.fingerprint)) for row in await tx.execute(statement)}


async def told_and_said(
    tx: Transaction, people: Collection[UUID], staff: Collection[UUID], keys: Collection[str]
) -> tuple[Mapping[UUID, Mapping[tuple[str, int], datetime]], bool]:
    """Return since when staff know which versions of these purposes, and whether any of the people said anything
    outside calls. Until this transaction ends none of them says anything more; what is being said is waited for.
    """
    if not people:
        return {}, False
    # Whoever makes a statement holds its subject's row for update. In a statement of its own: the next one sees it.
    await tx.execute(_AWAIT, {"tenant": tx.tenant, "people": sorted(people)})
    values = {"tenant": tx.tenant, "people": list(people), "staff": list(staff), "keys": list(keys)}
    told: dict[UUID, dict[tuple[str, int], datetime]] = {}
    said = False
    for row in await tx.execute(_TOLD_AND_SAID, values):
        if row.subject_id is None:
            said = True
        else:
            told.setdefault(row.subject_id, {})[row.key, row.version] = row.at
    return told, said


def add_calls(writes: Gathered, made: Sequence[tuple[CallRecord, Recorded]]) -> None:
    """Keep registered calls with their purposes, parties and entries, each with its place in the ledger."""
    writes.add(CallRow, [_call_values(call, recorded) for call, recorded in made])
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
    writes.add(CallPurposeRow, purposes)
    parties: list[tuple[UUID, Party]] = [(call.id, party) for call, _ in made for party in call.facts.parties]
    writes.add(CallPartyRow, [party_values(*each) for each in parties])
    entries = [entry_values(call.id, each) for call, _ in made for each in call.written.values()]
    writes.add(CallEntryRow, entries)


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
        "asked": False,
    }
