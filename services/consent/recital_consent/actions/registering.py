"""Calls are registered once per external id, with all that is known of them, and get a decision at once.

A call that may not be recorded is registered too: that it was denied, and why, can be shown later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from recital_database import Json, Transaction, Writing, announce, claim, new_id, record_all, remember
from recital_errors import Conflict, Gone
from recital_events import CallRegistered

from recital_consent.actions.consequences import announce_end, state_of
from recital_consent.actions.identities import find_or_make
from recital_consent.actions.means import LOG, Means, digest, refuse
from recital_consent.actions.writing import entries_written, judged_entries, writings_of
from recital_consent.decisions.identifying import described
from recital_consent.decisions.registering import registering_problems, speakable
from recital_consent.decisions.verdict import Verdict
from recital_consent.model.calls import Call, CallRecord, Party, PartyKind
from recital_consent.model.drafts import CallDraft, PartyDraft
from recital_consent.model.problems import Problem
from recital_consent.model.purposes import PurposeVersion
from recital_consent.model.subjects import Described
from recital_consent.model.tenants import Tenant, TenantSettings
from recital_consent.store import calls, purposes, subjects, tenants


async def register_call(
    means: Means, tx: Transaction, draft: CallDraft, key: str | None
) -> tuple[CallRecord, Verdict, bool]:
    """Register a call; return it, its verdict, and whether it is new.

    The same external id with the same content is the same call. Raises Malformed, NotFound for a source that is not the
    tenant's, Conflict `external_id_used`, Gone where that call was erased.
    """
    again = await claim(tx, key, route="POST /v1/calls", fingerprint=draft.content)
    if again is not None:
        return await _as_registered(tx, again)
    tenant, settings = await tenants.own_tenant(tx)
    found = await purposes.newest_versions(tx, draft.purposes)
    if draft.source is not None:
        await tenants.find_source(tx, draft.source)
    people = _judge(tx, draft, found, tenant)
    call = await new_id(tx)
    earlier = await _claim_external_id(means, tx, tenant, draft, call)
    if earlier is not None:
        await remember(tx, key, result=earlier)
        return await _as_registered(tx, earlier)
    parties = await parties_of(means, tx, tenant, people, registered=True)
    joining = await parties_of(means, tx, tenant, _joining(draft, people, tenant), registered=False)
    facts = Call(
        id=call,
        country=tenant.draft.country,
        guard_ms=settings.guard_ms,
        has_source=draft.source is not None,
        purposes=tuple(calls.terms_of(found[each]) for each in draft.purposes),
        parties=await announced(tx, [*parties, *joining], draft.purposes),
        answered_at=draft.answered_at,
        entries=tuple(each.entry(tx.now, draft.language) for each in draft.entries),
    )
    made = await _keep(means, tx, draft, facts, (tenant, settings, found))
    await remember(tx, key, result=call)
    return *made, True


async def parties_of(
    means: Means, tx: Transaction, tenant: Tenant, people: Mapping[PartyDraft, Described], *, registered: bool
) -> list[Party]:
    """Return the parties these drafts are, their persons found or made."""
    who = await find_or_make(tx, means.vault, tenant, list(people.values()))
    return [
        Party(
            label=draft.label,
            kind=draft.kind,
            type=draft.type,
            subject=subject,
            registered=registered,
            region=person.region,
        )
        for (draft, person), subject in zip(people.items(), who, strict=True)
    ]


def people_of(
    drafts: Sequence[tuple[str, PartyDraft]], tenant: Tenant
) -> tuple[dict[PartyDraft, Described], list[Problem]]:
    """Return the persons behind parties, and the problems of their fields; each draft comes with its path."""
    people: dict[PartyDraft, Described] = {}
    problems: list[Problem] = []
    for path, draft in drafts:
        person = described(draft.identifiers(), name=draft.name, region=tenant.draft.number_region, path=path)
        if isinstance(person, Described):
            people[draft] = person
        else:
            problems += person
    return people, problems


async def announced(tx: Transaction, parties: Sequence[Party], keys: Sequence[str]) -> tuple[Party, ...]:
    """Return the parties, those of the staff with what was announced to them."""
    staff = [party.subject for party in parties if party.kind is PartyKind.STAFF and party.subject]
    told = await subjects.announced_to(tx, staff, keys) if staff else {}
    return tuple(replace(party, announced=told.get(party.subject, {})) if party.subject else party for party in parties)


def _judge(
    tx: Transaction, draft: CallDraft, found: Mapping[str, PurposeVersion], tenant: Tenant
) -> dict[PartyDraft, Described]:
    people, problems = people_of([(f"parties.{index}", party) for index, party in enumerate(draft.parties)], tenant)
    labels = {party.label for party in draft.parties}
    languages = {key: found[key].draft.notices.keys() for key in draft.purposes if key in found}
    _, entry_problems = judged_entries(draft.entries, tx.now, labels, languages, draft.language, path="timeline")
    _, joining_problems = people_of(_joining_drafts(draft), tenant)
    every = [*registering_problems(draft, found, tx.now), *problems, *entry_problems, *joining_problems]
    if every:
        refuse(every)
    return people


def _joining_drafts(draft: CallDraft) -> list[tuple[str, PartyDraft]]:
    labels = {party.label for party in draft.parties}
    return [
        (f"timeline.{index}.joining", entry.joining)
        for index, entry in enumerate(draft.entries)
        if entry.joining is not None and entry.joining.label not in labels
    ]


def _joining(draft: CallDraft, _people: Mapping[PartyDraft, Described], tenant: Tenant) -> dict[PartyDraft, Described]:
    return people_of(_joining_drafts(draft), tenant)[0]


async def _claim_external_id(
    means: Means, tx: Transaction, tenant: Tenant, draft: CallDraft, call: UUID
) -> UUID | None:
    claimed = await digest(means.vault, tenant, "external_id", draft.external_id)
    fingerprint = await digest(means.vault, tenant, "call", draft.content.decode())
    earlier = await calls.claim_external_id(tx, claimed, call=call, fingerprint=fingerprint)
    if earlier is None:
        return None
    if earlier[1] != fingerprint:
        raise Conflict("external_id_used", "Another call was registered under this external_id.")
    return earlier[0]


async def _as_registered(tx: Transaction, call: UUID) -> tuple[CallRecord, Verdict, bool]:
    found = await calls.read_call(tx, call)
    if found.erasing_at is not None:
        raise Gone("call_erased", "This call was erased.")
    return found, state_of(found, tx.now)[1], False


async def _keep(
    means: Means,
    tx: Transaction,
    draft: CallDraft,
    facts: Call,
    context: tuple[Tenant, TenantSettings, Mapping[str, PurposeVersion]],
) -> tuple[CallRecord, Verdict]:
    tenant, _, found = context
    entries = {entry.id: entry for entry in facts.entries}
    bare = CallRecord(
        facts=facts,
        registered_at=tx.now,
        reference=speakable(facts.id),
        external_id=draft.external_id,
        source=draft.source,
        direction=draft.direction,
        language=draft.language,
        references=draft.references,
        purposes=tuple(found[each] for each in draft.purposes),
        timeline_version=len(entries),
    )
    state, verdict = state_of(bare, tx.now)
    recorded = await record_all(tx, LOG, [_writing(state, verdict), *writings_of(facts, list(entries.values()))])
    written = await entries_written(means.vault, tenant, draft.entries, list(entries.values()), recorded[1:])
    record = replace(state, written=written)
    await calls.add_call(tx, record, ledger_entry=recorded[0].entry, salt=recorded[0].salt)
    await announce(
        tx,
        CallRegistered(
            call=record.id,
            registered_at=record.registered_at,
            started_at=record.started_at,
            subjects=record.subjects,
            references=record.references,
        ),
    )
    if record.ended_at is not None:
        await announce_end(tx, record)
    return record, verdict


def _writing(record: CallRecord, verdict: Verdict) -> Writing:
    """The ledger keeps ids and codes; who took part and under which external id is only committed to."""
    facts: dict[str, Json] = {
        "call": str(record.id),
        "purposes": [f"{each.id}/{each.version}" for each in record.purposes],
        "may_record": verdict.may_record,
        "reasons": sorted({reason.code for reason in verdict.reasons}),
    }
    details: dict[str, Json] = {
        "external_id": record.external_id,
        "direction": record.direction.value if record.direction else None,
        "language": record.language,
        "source": str(record.source) if record.source else None,
        "answered_at": record.facts.answered_at.isoformat() if record.facts.answered_at else None,
        "parties": [
            {"party": party.label, "kind": party.kind.value, "subject": str(party.subject) if party.subject else None}
            for party in record.facts.parties
        ],
    }
    return Writing("call.registered", facts, details)
