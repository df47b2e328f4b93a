"""Calls are registered once per external id, with all that is known of them, and get a decision at once.

A call that may not be recorded is registered too: that it was denied, and why, can be shown later. One call and
hundreds go the same way, in the same number of statements.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from recital_database import (
    Json,
    Recorded,
    Transaction,
    Writing,
    announce_all,
    claim,
    new_ids,
    record_all,
    remember,
)
from recital_errors import Conflict, Gone, NotFound, RecitalError
from recital_events import CallRegistered, Event

from recital_consent.actions import lines, marking
from recital_consent.actions.completeness import watch, with_completeness
from recital_consent.actions.consequences import end_of, state_of
from recital_consent.actions.identities import find_or_make
from recital_consent.actions.lines import LineNeverRecorded
from recital_consent.actions.means import LOG, Means, digest, malformed
from recital_consent.actions.sampling import Coming, not_drawn
from recital_consent.actions.tenants import taking_in
from recital_consent.actions.writing import entries_written, judged_entries, writings_of
from recital_consent.decisions.identifying import described
from recital_consent.decisions.publishing import version_in_force
from recital_consent.decisions.registering import began_at, registering_problems, speakable
from recital_consent.decisions.verdict import Verdict
from recital_consent.model.calls import Call, CallRecord, Party, PartyKind
from recital_consent.model.drafts import CallDraft, PartyDraft
from recital_consent.model.problems import Problem
from recital_consent.model.purposes import PurposeVersion
from recital_consent.model.statements import Statement
from recital_consent.model.subjects import Described
from recital_consent.model.tenants import Tenant, TenantSettings
from recital_consent.store import calls, purposes, registering, statements, subjects, tenants
from recital_consent.store.registering import Claimed


@dataclass(frozen=True, slots=True)
class Registered:
    """A call as it is registered, and whether it is new."""

    call: CallRecord
    verdict: Verdict
    is_new: bool


@dataclass(frozen=True, slots=True)
class House:
    """What all calls of a request are judged by: the tenant, its settings, purposes by key, and its sources."""

    tenant: Tenant
    settings: TenantSettings
    versions: Mapping[str, Sequence[PurposeVersion]]
    sources: frozenset[UUID]

    def found(self, draft: CallDraft, now: datetime) -> dict[str, PurposeVersion]:
        """Return under which version of each of its purposes a call is registered, of those that are known."""
        began = began_at(draft, now)
        chosen = {key: version_in_force(self.versions.get(key, ()), began, now) for key in draft.purposes}
        return {key: version for key, version in chosen.items() if version is not None}


async def register_call(
    means: Means, tx: Transaction, draft: CallDraft, key: str | None
) -> tuple[CallRecord, Verdict, bool]:
    """Register a call; return it, its verdict, and whether it is new.

    The same external id with the same content is the same call. Raises Malformed, NotFound for a source that is not the
    tenant's, Conflict `external_id_used`, Gone where that call was erased, LineNeverRecorded, Forbidden
    `tenant_closed`.
    """
    tenant, settings = taking_in(await tenants.own_tenant(tx))
    if await lines.denied(means.vault, tx, tenant, [draft]):
        raise LineNeverRecorded
    again = await claim(tx, key, route="POST /v1/calls", fingerprint=draft.content)
    if again is not None:
        made = _as_registered(await calls.read_call(tx, again), tx)
    else:
        (made,) = await _register(means, tx, await _house(tx, tenant, settings, [draft]), [draft])
    if isinstance(made, RecitalError):
        raise made
    await remember(tx, key, result=made.call.id)
    return made.call, made.verdict, made.is_new


async def register_calls(
    means: Means, tx: Transaction, drafts: Sequence[CallDraft]
) -> Sequence[Registered | RecitalError]:
    """Register many calls; return per call what became of it, in their order. One that is refused stops no other.

    Raises Forbidden `tenant_closed`.
    """
    tenant, settings = taking_in(await tenants.own_tenant(tx))
    denied = await lines.denied(means.vault, tx, tenant, drafts)
    others = [draft for index, draft in enumerate(drafts) if index not in denied]
    made = iter(await _register(means, tx, await _house(tx, tenant, settings, others), others))
    return [LineNeverRecorded() if index in denied else next(made) for index in range(len(drafts))]


async def parties_of(
    means: Means, tx: Transaction, tenant: Tenant, people: Mapping[PartyDraft, Described], *, registered: bool
) -> list[Party]:
    """Return the parties these drafts are, their persons found or made."""
    who = await find_or_make(tx, means.vault, tenant, list(people.values()))
    return [
        _party(draft, person, subject, registered=registered)
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
    staff = {party.subject for party in parties if party.kind is PartyKind.STAFF and party.subject}
    told = await subjects.announced_to(tx, staff, keys) if staff else {}
    return tuple(replace(party, announced=told.get(party.subject, {})) if party.subject else party for party in parties)


@dataclass(frozen=True, slots=True)
class _Sound:
    """A call in which nothing is wrong: who takes part from the start, and who joins."""

    draft: CallDraft
    people: Mapping[PartyDraft, Described]
    joining: Mapping[PartyDraft, Described]


@dataclass(frozen=True, slots=True)
class _Around:
    """What was said outside calls by those who take part in them, and which (call, purpose) the sample leaves out."""

    said: Sequence[Statement]
    left_out: Collection[tuple[UUID, UUID]]


async def _house(tx: Transaction, tenant: Tenant, settings: TenantSettings, drafts: Sequence[CallDraft]) -> House:
    versions = await purposes.every_version(tx, {key for draft in drafts for key in draft.purposes})
    named = {draft.source for draft in drafts if draft.source is not None}
    sources = await tenants.known_sources(tx, named) if named else set()
    return House(tenant, settings, versions, frozenset(sources))


async def _register(
    means: Means, tx: Transaction, house: House, drafts: Sequence[CallDraft]
) -> list[Registered | RecitalError]:
    outcomes: dict[int, Registered | RecitalError] = {}
    sound: dict[int, _Sound] = {}
    for index, draft in enumerate(drafts):
        judged = _judge(tx, draft, house)
        if isinstance(judged, _Sound):
            sound[index] = judged
        else:
            outcomes[index] = judged
    claimed = {index: await _claimed(means, house.tenant, each.draft) for index, each in sound.items()}
    ids = await new_ids(tx, len(sound)) if sound else []
    wanted: dict[bytes, Claimed] = {}
    for (digest_, fingerprint), id_ in zip(claimed.values(), ids, strict=True):
        wanted.setdefault(digest_, Claimed(id_, fingerprint))
    earlier = await registering.claim_external_ids(tx, wanted) if wanted else {}
    fresh: dict[UUID, int] = {}
    for index, (digest_, _) in claimed.items():
        if digest_ not in earlier:
            fresh.setdefault(wanted[digest_].call, index)
    made = await _make(means, tx, house, {call: sound[index] for call, index in fresh.items()})
    known = await calls.read_calls(tx, [each.call for each in earlier.values()]) if earlier else {}
    for index, (digest_, fingerprint) in claimed.items():
        stands = earlier.get(digest_, wanted[digest_])
        if stands.fingerprint != fingerprint:
            outcomes[index] = Conflict("external_id_used", "Another call was registered under this external_id.")
        elif digest_ in earlier:
            outcomes[index] = _as_registered(known[stands.call], tx)
        else:
            outcomes[index] = replace(made[stands.call], is_new=fresh[stands.call] == index)
    return [outcomes[index] for index in range(len(drafts))]


def _judge(tx: Transaction, draft: CallDraft, house: House) -> _Sound | RecitalError:
    if draft.source is not None and draft.source not in house.sources:
        return NotFound()
    found, tenant = house.found(draft, tx.now), house.tenant
    people, problems = people_of([(f"parties.{index}", party) for index, party in enumerate(draft.parties)], tenant)
    labels = {party.label for party in draft.parties}
    languages = {key: found[key].draft.notices.keys() for key in draft.purposes if key in found}
    _, entry_problems = judged_entries(draft.entries, tx.now, labels, languages, draft.language, path="timeline")
    joining, joining_problems = people_of(_joining(draft), tenant)
    every = [*registering_problems(draft, found, tx.now), *problems, *entry_problems, *joining_problems]
    return malformed(every) if every else _Sound(draft, people, joining)


def _joining(draft: CallDraft) -> list[tuple[str, PartyDraft]]:
    labels = {party.label for party in draft.parties}
    return [
        (f"timeline.{index}.joining", entry.joining)
        for index, entry in enumerate(draft.entries)
        if entry.joining is not None and entry.joining.label not in labels
    ]


async def _claimed(means: Means, tenant: Tenant, draft: CallDraft) -> tuple[bytes, bytes]:
    return (
        await digest(means.vault, tenant, "external_id", draft.external_id),
        await digest(means.vault, tenant, "call", draft.content.decode()),
    )


def _as_registered(call: CallRecord, tx: Transaction) -> Registered | RecitalError:
    if call.erasing_at is not None:
        return Gone("call_erased", "This call was erased.")
    return Registered(call, state_of(call, tx.now)[1], is_new=False)


async def _make(means: Means, tx: Transaction, house: House, sound: Mapping[UUID, _Sound]) -> Mapping[UUID, Registered]:
    """Keep new calls by the ids they get, with everything that goes with them."""
    if not sound:
        return {}
    parties = await _parties(means, tx, house, sound)
    around = await _around(means, tx, house, {call: (each.draft, parties[call]) for call, each in sound.items()})
    states = [state_of(_bare(tx, each, house, (call, parties[call], around)), tx.now) for call, each in sound.items()]
    whole = [
        (with_completeness(call, verdict, (house.tenant, house.settings), tx.now), verdict) for call, verdict in states
    ]
    writings = [[_writing(call, verdict), *writings_of(call.facts, call.facts.entries)] for call, verdict in whole]
    recorded = iter(await record_all(tx, LOG, [each for several in writings for each in several]))
    kept: list[tuple[CallRecord, Recorded]] = []
    for (call, _), each in zip(whole, sound.values(), strict=True):
        place = next(recorded)
        places = [next(recorded) for _ in call.facts.entries]
        written = await entries_written(means.vault, house.tenant, each.draft.entries, call.facts.entries, places)
        kept.append((replace(call, written=written), place))
    await registering.add_calls(tx, kept)
    await marking.count_written(tx, house.tenant, [(call.facts, call.facts.entries) for call, _ in kept])
    await watch(tx, [call for call, _ in kept], house.settings)
    await announce_all(tx, [event for call, _ in kept for event in _events(call)])
    return {
        call.id: Registered(call, verdict, is_new=True) for (call, _), (_, verdict) in zip(kept, whole, strict=True)
    }


async def _parties(
    means: Means, tx: Transaction, house: House, sound: Mapping[UUID, _Sound]
) -> Mapping[UUID, tuple[Party, ...]]:
    named = [
        (call, draft, person, registered)
        for call, each in sound.items()
        for people, registered in ((each.people, True), (each.joining, False))
        for draft, person in people.items()
    ]
    who = await find_or_make(tx, means.vault, house.tenant, [person for _, _, person, _ in named])
    parties = [
        _party(draft, person, subject, registered=registered)
        for (_, draft, person, registered), subject in zip(named, who, strict=True)
    ]
    told = await announced(tx, parties, list(house.versions))
    found: dict[UUID, list[Party]] = {call: [] for call in sound}
    for (call, _, _, _), party in zip(named, told, strict=True):
        found[call].append(party)
    return {call: tuple(each) for call, each in found.items()}


def _party(draft: PartyDraft, person: Described, subject: UUID | None, *, registered: bool) -> Party:
    return Party(
        label=draft.label,
        kind=draft.kind,
        type=draft.type,
        subject=subject,
        registered=registered,
        region=person.region,
    )


async def _around(
    means: Means, tx: Transaction, house: House, made: Mapping[UUID, tuple[CallDraft, tuple[Party, ...]]]
) -> _Around:
    coming = {
        call: Coming(draft.external_id, tuple(house.found(draft, tx.now)[each] for each in draft.purposes), parties)
        for call, (draft, parties) in made.items()
    }
    people = {party.subject for _, parties in made.values() for party in parties if party.subject}
    said = await statements.statements_of(tx, people, awaited=True)
    return _Around(said, await not_drawn(means.vault, tx, house.tenant, coming))


def _bare(tx: Transaction, sound: _Sound, house: House, made: tuple[UUID, tuple[Party, ...], _Around]) -> CallRecord:
    """Return a call as it is before anything is said of it."""
    draft, (id_, parties, around) = sound.draft, made
    people = {party.subject for party in parties}
    chosen = house.found(draft, tx.now)
    found = [chosen[each] for each in draft.purposes]
    facts = Call(
        id=id_,
        country=house.tenant.draft.country,
        guard_ms=house.settings.guard_ms,
        has_source=draft.source is not None,
        purposes=tuple(replace(calls.terms_of(each), drawn=(id_, each.id) not in around.left_out) for each in found),
        parties=parties,
        answered_at=draft.answered_at,
        entries=tuple(each.entry(tx.now, draft.language) for each in draft.entries),
        statements=tuple(each for each in around.said if each.subject in people),
    )
    return CallRecord(
        facts=facts,
        registered_at=tx.now,
        reference=speakable(id_),
        external_id=draft.external_id,
        source=draft.source,
        direction=draft.direction,
        language=draft.language,
        references=draft.references,
        purposes=tuple(found),
        timeline_version=len(draft.entries),
    )


def _events(call: CallRecord) -> list[Event]:
    registered = CallRegistered(
        call=call.id,
        registered_at=call.registered_at,
        started_at=call.started_at,
        subjects=call.subjects,
        references=call.references,
    )
    return [registered, *end_of(call)]


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
