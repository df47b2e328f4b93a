"""What happens in a call is written down: all entries of a request or none, repeated ones once, late ones too."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from recital_database import Recorded, Transaction, claim, record_all, remember
from recital_errors import Conflict, Forbidden, Gone, Malformed
from recital_identity import Principal, Role

from recital_consent.actions import marking
from recital_consent.actions.completeness import save, was_due, with_completeness
from recital_consent.actions.consequences import announce_end, state_of, told_of
from recital_consent.actions.lines import MARK, private_from_lines
from recital_consent.actions.listing import with_everybody
from recital_consent.actions.means import LOG, Means, refuse
from recital_consent.actions.people import known_by_staff_id
from recital_consent.actions.registering import announced, parties_of, people_of
from recital_consent.actions.sampling import count_joining
from recital_consent.actions.settling import settle_permits
from recital_consent.actions.writing import content_digest, entries_written, judged_entries, writings_of
from recital_consent.decisions.entering import MOST_ENTRIES, forbidden
from recital_consent.decisions.verdict import Verdict
from recital_consent.model.calls import CallRecord, Entry, Party
from recital_consent.model.drafts import EntryDraft
from recital_consent.model.listing import EVERY_CALL, Narrowed
from recital_consent.model.problems import Problem
from recital_consent.model.tenants import Tenant
from recital_consent.store import calls, merges, permits, statements, tenants


async def write_entries(
    means: Means, tx: Transaction, principal: Principal, call_id: UUID, drafts: Sequence[EntryDraft], key: str | None
) -> tuple[CallRecord, Verdict]:
    """Write entries to a call's timeline and return the call with its verdict.

    Raises NotFound, Gone where the call was erased, Forbidden beyond what the caller may write, Conflict
    `entry_differs` for an entry id that was used for other content, Malformed. Then nothing is written.
    """
    content = b"\0".join(draft.content for draft in drafts)
    if await claim(tx, key, route=f"POST /v1/calls/{call_id}/timeline", fingerprint=content) is not None:
        return await read_call(tx, call_id)
    tenant, settings = await tenants.own_tenant(tx)
    call = await calls.read_call(tx, call_id, locked=True)
    if call.erasing_at is not None:
        raise Gone("call_erased", "This call was erased.")
    new = await _new(means, tenant, call, drafts)
    entries = await _judged(tx, call, new)
    window = timedelta(minutes=settings.private_mark_minutes)
    own = await _allow(means, tx, principal, call, entries, (tenant, window))
    await remember(tx, key, result=call_id)
    if not new:
        return state_of(call, tx.now)
    left_alone = await private_from_lines(means.vault, tx, tenant, call, new)
    entries += [draft.entry(tx.now, call.language) for draft in left_alone if draft.id == MARK]
    new = left_alone
    parties = await _joined(means, tx, tenant, call, new)
    facts = replace(
        call.facts,
        parties=(*call.facts.parties, *await announced(tx, parties, [each.key for each in call.purposes])),
        entries=(*call.facts.entries, *entries),
        statements=(
            *call.facts.statements,
            *await statements.statements_of(tx, {party.subject for party in parties if party.subject}),
        ),
    )
    grown = replace(call, facts=facts, timeline_version=call.timeline_version + len(entries))
    recorded = await record_all(tx, LOG, writings_of(facts, entries))
    after, verdict = state_of(grown, tx.now)
    await _save(means, tx, tenant, after, (parties, new, entries, recorded))
    await marking.count_written(tx, tenant, [(facts, entries)], own=own, roles=principal.roles)
    await count_joining(tx, tenant, call, parties)
    stored = await permits.stored_spans(tx, call_id) if call.recorded_at else ()
    after = with_completeness(after, verdict, (tenant, settings), tx.now, stored=stored, due=was_due(after))
    await save(tx, after, settings)
    if told_of(after) != told_of(call):
        await announce_end(tx, after)
    await settle_permits(tx, [after], {entry.kind for entry in entries})
    return after, verdict


async def read_call(tx: Transaction, call_id: UUID) -> tuple[CallRecord, Verdict]:
    """Return a call and its verdict now. Raises NotFound, Gone."""
    call = await calls.read_call(tx, call_id)
    if call.erasing_at is not None:
        raise Gone("call_erased", "This call was erased.")
    return state_of(call, tx.now)


async def list_calls(
    means: Means,
    tx: Transaction,
    *,
    external_id: str | None,
    after: UUID | None,
    most: int,
    wanted: Narrowed = EVERY_CALL,
) -> list[tuple[CallRecord, Verdict]]:
    """Return a page of the calls that are wanted and not erased, or the one call of an external id."""
    if external_id is None:
        wanted = await with_everybody(tx, wanted)
        page = await calls.list_calls(tx, after=after, most=most, wanted=wanted)
        return [state_of(call, tx.now) for call in page]
    tenant, _ = await tenants.own_tenant(tx)
    digest = await means.vault.blind_index(tenant.id, tenant.index_key, f"external_id:{external_id}")
    found = await calls.call_of_external_id(tx, digest)
    if found is None:
        return []
    call = await calls.read_call(tx, found)
    return [] if call.erasing_at is not None else [state_of(call, tx.now)]


async def _new(means: Means, tenant: Tenant, call: CallRecord, drafts: Sequence[EntryDraft]) -> dict[EntryDraft, str]:
    """Return the entries that are not there yet, with their paths; one that is must say the same."""
    seen = {id_: written.digest for id_, written in call.written.items()}
    new: dict[EntryDraft, str] = {}
    for index, draft in enumerate(drafts):
        digest = await content_digest(means.vault, tenant, draft)
        if seen.setdefault(draft.id, digest) != digest:
            raise Conflict("entry_differs", f"The entry at entries.{index} has an id that was used for another.")
        if draft.id not in call.written and draft.id not in {each.id for each in new}:
            new[draft] = f"entries.{index}"
    if len(call.written) + len(new) > MOST_ENTRIES:
        problem = Problem("entries", "timeline_too_long", f"a call has at most {MOST_ENTRIES} entries")
        refuse([problem])
    return new


async def _judged(tx: Transaction, call: CallRecord, new: dict[EntryDraft, str]) -> list[Entry]:
    labels = {party.label for party in call.facts.parties}
    languages = {each.key: each.draft.notices.keys() for each in call.purposes}
    entries, problems = judged_entries(list(new), tx.now, labels, languages, call.language, path="entries")
    for draft, path in new.items():
        known = call.facts.party(draft.party)
        if draft.joining is None or known is None:
            continue
        if (draft.joining.kind, draft.joining.type) != (known.kind, known.type):
            problems.append(Problem(f"{path}.joining", "party_differs", "this party is of another kind", "R01"))
    if problems:
        refuse(problems)
    return entries


async def _allow(
    means: Means,
    tx: Transaction,
    principal: Principal,
    call: CallRecord,
    entries: Sequence[Entry],
    context: tuple[Tenant, timedelta],
) -> UUID | None:
    """Return as whom a member of staff writes, None for anybody else. Raises Forbidden."""
    tenant, window = context
    reason = forbidden(entries, roles=principal.roles, ended_at=call.ended_at, window=window, now=tx.now)
    if reason is not None:
        raise Forbidden(reason.code, reasons=[reason])
    if principal.roles & {Role.INTEGRATOR, Role.PRIVACY_OFFICER}:
        return None
    return await own_part(means, tx, tenant, principal, call)


async def own_part(means: Means, tx: Transaction, tenant: Tenant, principal: Principal, call: CallRecord) -> UUID:
    """Return as whom a member of staff takes part in a call. Raises Forbidden `not_your_call`."""
    known = await known_by_staff_id(means, tx, tenant, principal)
    staff = {party.subject for party in call.facts.parties if party.is_staff and party.subject}
    own = staff & set(await merges.together(tx, known))
    if not own:
        raise Forbidden("not_your_call", "Staff may write in their own calls only.")
    return min(own)


async def _joined(
    means: Means, tx: Transaction, tenant: Tenant, call: CallRecord, new: dict[EntryDraft, str]
) -> list[Party]:
    drafts = [
        (f"{path}.joining", draft.joining)
        for draft, path in new.items()
        if draft.joining is not None and call.facts.party(draft.party) is None
    ]
    if len({draft.label for _, draft in drafts}) < len(drafts):
        raise Malformed("party_twice", "Two entries of this request let the same party join for the first time.")
    people, problems = people_of(drafts, tenant)
    if problems:
        refuse(problems)
    return await parties_of(means, tx, tenant, people, registered=False)


async def _save(
    means: Means,
    tx: Transaction,
    tenant: Tenant,
    call: CallRecord,
    news: tuple[list[Party], dict[EntryDraft, str], list[Entry], list[Recorded]],
) -> None:
    parties, new, entries, recorded = news
    written = await entries_written(means.vault, tenant, list(new), entries, recorded)
    await calls.add_parties(tx, call.id, parties)
    await calls.add_entries(tx, call.id, list(written.values()))
    await calls.change_call(
        tx,
        call.id,
        timeline_version=call.timeline_version,
        started_at=call.started_at,
        ended_at=call.ended_at,
        private=call.private,
    )
