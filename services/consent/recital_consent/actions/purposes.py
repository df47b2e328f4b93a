"""Purposes are published in versions, each judged whole; nothing is edited in place, so that every change
stays visible (R04, R08, R19, R20, R26).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from recital_database import Json, Transaction, announce, claim, new_id, record, remember
from recital_errors import Conflict, Forbidden, NotFound
from recital_events import PurposePublished, PurposeRetired
from recital_identity import Principal

from recital_consent.actions.means import LOG, Means, person, refuse
from recital_consent.decisions.publishing import past_problems, publishing_problems
from recital_consent.model.problems import Problem
from recital_consent.model.purposes import Proposal, PurposeDraft, PurposeVersion
from recital_consent.store import proposals, purposes, tenants


@dataclass(frozen=True, slots=True)
class Past:
    """A version that is to count from a past date; `content` is the request as it came."""

    draft: PurposeDraft
    in_force_from: datetime
    document: str | None
    content: bytes


async def publish_purpose(tx: Transaction, draft: PurposeDraft, content: bytes, key: str | None) -> PurposeVersion:
    """Publish a purpose's next version, in force at once; `content` is the request as it came.

    Raises Malformed with everything that is missing, Conflict `purpose_retired`.
    """
    again = await claim(tx, key, route="POST /v1/purposes", fingerprint=content)
    if again is not None:
        return await purposes.version_of_entry(tx, again)
    await _judge(tx, draft)
    published, entry = await _publish(tx, draft, in_force_from=tx.now)
    await remember(tx, key, result=entry)
    return published


async def propose_purpose(
    means: Means, tx: Transaction, principal: Principal, wanted: Past, key: str | None
) -> Proposal:
    """Propose a version that counts from a past date: it waits until a second person approves it.

    Raises Malformed, Conflict `purpose_retired`.
    """
    again = await claim(tx, key, route="POST /v1/purposes", fingerprint=wanted.content)
    if again is not None:
        return await proposals.find_proposal(tx, again)
    await _judge(tx, wanted.draft, past_problems(wanted.in_force_from, wanted.document, tx.now))
    tenant, _ = await tenants.own_tenant(tx)
    proposal = Proposal(
        id=await new_id(tx),
        draft=wanted.draft,
        in_force_from=wanted.in_force_from,
        document=wanted.document or "",
        proposed_by=await person(means.vault, tenant, principal),
        proposed_at=tx.now,
    )
    await proposals.add_proposal(tx, proposal)
    facts = {"proposal": str(proposal.id), "in_force_from": proposal.in_force_from.isoformat()}
    await record(tx, LOG, "purpose.proposed", facts=facts, details=_details(proposal.draft))
    await remember(tx, key, result=proposal.id)
    return proposal


async def approve_purpose(means: Means, tx: Transaction, principal: Principal, proposal_id: UUID) -> PurposeVersion:
    """Publish a proposed version; approved again, it is the version it became.

    Raises NotFound, Forbidden `second_person_needed` for whoever proposed it, Malformed where it may not be published
    any more, Conflict `purpose_retired`.
    """
    proposal = await proposals.find_proposal(tx, proposal_id, locked=True)
    if proposal.version is not None:
        return await purposes.find_version(tx, proposal.draft.key, proposal.version)
    tenant, _ = await tenants.own_tenant(tx)
    by = await person(means.vault, tenant, principal)
    if by == proposal.proposed_by:
        raise Forbidden("second_person_needed", "Whoever proposed a version cannot approve it.")
    await _judge(tx, proposal.draft)
    published, _ = await _publish(
        tx,
        proposal.draft,
        in_force_from=proposal.in_force_from,
        document=proposal.document,
        proposal=proposal.id,
    )
    await proposals.approve_proposal(tx, proposal.id, by=by, version=published.version)
    return published


async def list_proposals(tx: Transaction, *, after: UUID | None, most: int) -> Sequence[Proposal]:
    """Return a page of proposals."""
    return await proposals.list_proposals(tx, after=after, most=most)


async def retire_purpose(tx: Transaction, key: str) -> PurposeVersion:
    """Register no call for a purpose any more; what was recorded under it keeps its clocks. Twice is harmless.

    Raises NotFound.
    """
    found = await purposes.find_version(tx, key, None)
    if not await purposes.retire(tx, key):
        return found
    await record(tx, LOG, "purpose.retired", facts={"purpose": str(found.id)})
    await announce(tx, PurposeRetired(purpose=found.id, key=found.key, retired_at=tx.now))
    return replace(found, retired_at=tx.now)


async def list_versions(tx: Transaction, key: str) -> Sequence[PurposeVersion]:
    """Return every version of a purpose. Raises NotFound."""
    found = (await purposes.every_version(tx, [key])).get(key)
    if not found:
        raise NotFound
    return found


async def read_purpose(tx: Transaction, key: str, version: int | None) -> PurposeVersion:
    """Return a version of a purpose, the newest without a number; raises NotFound."""
    return await purposes.find_version(tx, key, version)


async def list_purposes(tx: Transaction, *, after: UUID | None, most: int) -> Sequence[PurposeVersion]:
    """Return a page of purposes in their newest versions."""
    return await purposes.list_purposes(tx, after=after, most=most)


async def _judge(tx: Transaction, draft: PurposeDraft, more: Sequence[Problem] = ()) -> None:
    tenant, settings = await tenants.own_tenant(tx)
    today = tx.now.astimezone(ZoneInfo(tenant.draft.time_zone)).date()
    problems = [*publishing_problems(draft, settings.works_council, today), *more]
    if problems:
        refuse(problems)
    found = (await purposes.newest_versions(tx, [draft.key])).get(draft.key)
    if found is not None and found.retired_at is not None:
        raise Conflict("purpose_retired", "This purpose was retired; publish under another key.")


async def _publish(
    tx: Transaction,
    draft: PurposeDraft,
    *,
    in_force_from: datetime,
    document: str | None = None,
    proposal: UUID | None = None,
) -> tuple[PurposeVersion, UUID]:
    """Keep the next version; return it with the id of its entry in the ledger."""
    id_, version = await purposes.next_version(tx, draft.key)
    published = PurposeVersion(
        id=id_,
        version=version,
        draft=draft,
        notice_sha256={lang: hashlib.sha256(text.encode()).hexdigest() for lang, text in draft.notices.items()},
        published_at=tx.now,
        in_force_from=in_force_from,
        document=document,
    )
    facts: dict[str, Json] = {
        "purpose": str(id_),
        "version": version,
        "notice_sha256": dict(sorted(published.notice_sha256.items())),
        "retention": draft.retention,
        "in_force_from": in_force_from.isoformat(),
        "proposal": str(proposal) if proposal else None,
    }
    recorded = await record(tx, LOG, "purpose.published", facts=facts, details=_details(draft))
    await purposes.add_version(tx, published, ledger_entry=recorded.entry, salt=recorded.salt, proposal=proposal)
    await announce(
        tx,
        PurposePublished(
            purpose=id_,
            key=draft.key,
            version=version,
            basis=draft.basis.kind.value,
            retention=draft.retention,
            retention_from=draft.retention_from.value,
            at_most=draft.at_most,
            roles=tuple(sorted(draft.roles)),
            hold_suppressed=draft.hold_suppressed,
            in_force_from=in_force_from,
        ),
    )
    return published, recorded.entry


def _details(draft: PurposeDraft) -> dict[str, Json]:
    return {"key": draft.key, "title": draft.title, **purposes.terms_of(draft)}
