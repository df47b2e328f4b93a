"""Calls are registered once per external id, with all that is known of them, and get a decision at once.

A call that may not be recorded is registered too: that it was denied, and why, can be shown later. One call and
hundreds go the same way, in the same number of statements.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from recital_database import Gathered, Json, Recorded, Transaction, Writing, claim, remember
from recital_errors import Conflict, Gone, NotFound, RecitalError
from recital_events import CallRegistered, Event

from recital_consent.actions import lines, marking, permits
from recital_consent.actions.completeness import WATCH, watch_new, with_completeness
from recital_consent.actions.consequences import end_of, state_of
from recital_consent.actions.houses import House, house_of
from recital_consent.actions.identities import find_or_make
from recital_consent.actions.lines import LineNeverRecorded
from recital_consent.actions.means import LOG, Means, digest, malformed
from recital_consent.actions.sampling import Coming, not_drawn
from recital_consent.actions.writing import entries_written, judged_entries, writings_of
from recital_consent.decisions.identifying import described
from recital_consent.decisions.registering import registering_problems, speakable
from recital_consent.decisions.verdict import Verdict
from recital_consent.model.calls import Call, CallRecord, Party, PartyKind
from recital_consent.model.drafts import CallDraft, PartyDraft
from recital_consent.model.permits import Audio
from recital_consent.model.problems import Problem
from recital_consent.model.statements import Statement
from recital_consent.model.subjects import Described
from recital_consent.model.tenants import Tenant
from recital_consent.store import calls, registering, statements, subjects
from recital_consent.store.registering import Claimed


@dataclass(frozen=True, slots=True)
class Registered:
    """A call as it is registered, whether it is new, and the permit that was asked for with it."""

    call: CallRecord
    verdict: Verdict
    is_new: bool
    given: permits.Given | None = None


async def register_call(
    means: Means, tx: Transaction, draft: CallDraft, key: str | None
) -> tuple[CallRecord, Verdict, bool]:
    """Register a call; return it, its verdict, and whether it is new. Raises as `register_with_permit`."""
    made = await register_with_permit(means, tx, draft, key, None)
    return made.call, made.verdict, made.is_new


async def register_with_permit(
    means: Means, tx: Transaction, draft: CallDraft, key: str | None, audio: Audio | None
) -> Registered:
    """Register a call, and give a permit for its audio or say why there is none.

    Of a call that was registered before, the permit that was given then is given again.

    The same external id with the same content is the same call. Raises Malformed, NotFound for a source that is not the
    tenant's, Conflict `external_id_used`, Gone where that call was erased, LineNeverRecorded, Forbidden
    `tenant_closed`.
    """
    house = await house_of(means, tx, [draft])
    if await lines.denied(means.vault, tx, house.tenant, [draft]):
        raise LineNeverRecorded
    again = await claim(tx, key, route="POST /v1/calls", fingerprint=draft.content)
    writes = Gathered(tx)
    if again is not None:
        made = _as_registered(await calls.read_call(tx, again), tx)
    else:
        (made,) = await _register(means, tx, house, [draft], writes)
    if isinstance(made, RecitalError):
        raise made
    await remember(tx, key, result=made.call.id)
    if audio is not None:
        wish = permits.Wish(house.tenant, made.call, made.verdict, audio)
        if made.is_new:
            made = replace(made, given=permits.give_with_call(means, tx, wish, (writes, house.ids.take(2))))
        else:
            made = replace(made, given=await permits.give_again(means, tx, wish))
    await writes.write()
    return made


async def register_calls(
    means: Means, tx: Transaction, drafts: Sequence[CallDraft]
) -> Sequence[Registered | RecitalError]:
    """Register many calls; return per call what became of it, in their order. One that is refused stops no other.

    Raises Forbidden `tenant_closed`.
    """
    house = await house_of(means, tx, drafts)
    denied = await lines.denied(means.vault, tx, house.tenant, drafts)
    others = [draft for index, draft in enumerate(drafts) if index not in denied]
    writes = Gathered(tx)
    made = iter(await _register(means, tx, house, others, writes))
    await writes.write()
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


async def _register(
    means: Means, tx: Transaction, house: House, drafts: Sequence[CallDraft], writes: Gathered
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
    ids = house.ids.take(len(sound))
    wanted: dict[bytes, Claimed] = {}
    for (digest_, fingerprint), id_ in zip(claimed.values(), ids, strict=True):
        wanted.setdefault(digest_, Claimed(id_, fingerprint))
    earlier = await registering.claim_external_ids(tx, wanted) if wanted else {}
    fresh: dict[UUID, int] = {}
    for index, (digest_, _) in claimed.items():
        if digest_ not in earlier:
            fresh.setdefault(wanted[digest_].call, index)
    made = await _make(means, tx, house, {call: sound[index] for call, index in fresh.items()}, writes)
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


async def _make(
    means: Means, tx: Transaction, house: House, sound: Mapping[UUID, _Sound], writes: Gathered
) -> Mapping[UUID, Registered]:
    """Gather new calls by the ids they get, with everything that goes with them."""
    if not sound:
        return {}
    parties, said = await _parties(means, tx, house, sound)
    coming = {call: (each.draft, parties[call]) for call, each in sound.items()}
    around = _Around(said, await _left_out(means, tx, house, coming))
    states = [state_of(_bare(tx, each, house, (call, parties[call], around)), tx.now) for call, each in sound.items()]
    whole = [
        (with_completeness(call, verdict, (house.tenant, house.settings), tx.now), verdict) for call, verdict in states
    ]
    writings = [[_writing(call, verdict), *writings_of(call.facts, call.facts.entries)] for call, verdict in whole]
    every = [each for several in writings for each in several]
    recorded = iter(writes.record(LOG, every, house.ids.take(len(every))))
    kept: list[tuple[CallRecord, Recorded]] = []
    for (call, _), each in zip(whole, sound.values(), strict=True):
        place = next(recorded)
        places = [next(recorded) for _ in call.facts.entries]
        written = await entries_written(means.vault, house.tenant, each.draft.entries, call.facts.entries, places)
        kept.append((replace(call, written=written), place))
    registering.add_calls(writes, kept)
    await marking.count_written(tx, house.tenant, [(call.facts, call.facts.entries) for call, _ in kept])
    if watch_new(writes, [call for call, _ in kept], house.settings, tx.now):
        tx.touched.add(WATCH)
    writes.announce([event for call, _ in kept for event in _events(call)])
    return {
        call.id: Registered(call, verdict, is_new=True) for (call, _), (_, verdict) in zip(kept, whole, strict=True)
    }


async def _parties(
    means: Means, tx: Transaction, house: House, sound: Mapping[UUID, _Sound]
) -> tuple[Mapping[UUID, tuple[Party, ...]], Sequence[Statement]]:
    """Return who takes part in each call, and what any of them said outside calls."""
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
    people = {party.subject for party in parties if party.subject}
    staff = {party.subject for party in parties if party.kind is PartyKind.STAFF and party.subject}
    told, has_said = await registering.told_and_said(tx, people, staff, house.versions)
    found: dict[UUID, list[Party]] = {call: [] for call in sound}
    for (call, _, _, _), party in zip(named, parties, strict=True):
        found[call].append(replace(party, announced=told.get(party.subject, {})) if party.subject else party)
    said = await statements.statements_of(tx, people) if has_said else []
    return {call: tuple(each) for call, each in found.items()}, said


def _party(draft: PartyDraft, person: Described, subject: UUID | None, *, registered: bool) -> Party:
    return Party(
        label=draft.label,
        kind=draft.kind,
        type=draft.type,
        subject=subject,
        registered=registered,
        region=person.region,
    )


async def _left_out(
    means: Means, tx: Transaction, house: House, made: Mapping[UUID, tuple[CallDraft, tuple[Party, ...]]]
) -> Collection[tuple[UUID, UUID]]:
    coming = {
        call: Coming(draft.external_id, tuple(house.found(draft, tx.now)[each] for each in draft.purposes), parties)
        for call, (draft, parties) in made.items()
    }
    return await not_drawn(means.vault, tx, house.tenant, coming)


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
