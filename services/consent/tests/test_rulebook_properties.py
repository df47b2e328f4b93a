"""Random timelines: the rulebook against a second, deliberately simple one that walks the call tick by tick."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from recital_consent.decisions.keepable import Reading, keepable
from recital_consent.decisions.outside import settled
from recital_consent.decisions.verdict import decide
from recital_consent.model.calls import Call, Entry, EntryKind, Party, PartyKind, PurposeTerms
from recital_consent.model.purposes import BasisKind
from recital_consent.model.spans import Spans, moment_of
from recital_consent.model.statements import Statement, StatementKind, StatementState

ORIGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICK = timedelta(milliseconds=100)
FIRST, LAST = -2, 7  # of what happens: so short that much falls on one tick
HORIZON = LAST + 8  # how far the walk goes
STAFF = ("agent", "second")
OTHERS = ("customer", "partner")
WHO = {label: UUID(int=number) for number, label in enumerate((*STAFF, *OTHERS), start=1)}
KEYS = ("main", "other")
K = EntryKind
PARTY_NEEDED = {K.CONSENT_GIVEN, K.CONSENT_REFUSED, K.CONSENT_WITHDRAWN, K.OBJECTED, K.JOINED, K.LEFT}
RESTRICTING = [K.HELD, K.PAUSED, K.MARKED_PRIVATE, K.OBJECTED, K.CONSENT_REFUSED, K.CONSENT_WITHDRAWN, K.ENDED]
NO = {K.OBJECTED, K.CONSENT_REFUSED, K.CONSENT_WITHDRAWN}
OBJECTIONABLE = {BasisKind.LEGITIMATE_INTERESTS, BasisKind.PUBLIC_TASK}


def at(tick: int) -> datetime:
    return ORIGIN + tick * TICK


def tick_of(instant: datetime) -> int:
    return (instant - ORIGIN) // TICK


@dataclass(frozen=True)
class Theme:
    """What a random call is about: too much at once, and nothing is ever kept and nothing compared."""

    kinds: tuple[EntryKind, ...]
    bases: tuple[BasisKind, ...] = (BasisKind.CONTRACT,)
    told: int = 9  # of ten parties, how many had the notice before the answer
    regions: tuple[str | None, ...] = (None, "NL")
    outside: int = 0  # how many things the parties said outside the call, at most


THEMES = (
    Theme((K.JOINED, K.LEFT, K.HELD, K.RESUMED)),
    Theme((K.HELD, K.RESUMED)),
    Theme((K.HELD, K.RESUMED, K.PAUSED, K.UNPAUSED, K.LEFT, K.ENDED)),
    Theme((K.NOTICE_PLAYED, K.NOTICE_PLAYED, K.JOINED, K.LEFT, K.HELD, K.RESUMED), told=2),
    Theme((K.CONSENT_GIVEN, K.CONSENT_GIVEN, K.CONSENT_GIVEN, *NO, K.JOINED, K.LEFT), (BasisKind.CONSENT,)),
    Theme((K.CONSENT_GIVEN, K.CONSENT_GIVEN, K.CONSENT_REFUSED), (BasisKind.CONSENT,), told=10),
    Theme((K.CONSENT_GIVEN, K.NOTICE_PLAYED, *NO), (BasisKind.CONSENT, BasisKind.PUBLIC_TASK), told=5),
    Theme((K.CONSENT_GIVEN, *NO, K.JOINED), (BasisKind.CONSENT, BasisKind.PUBLIC_TASK), outside=3),
    Theme((K.JOINED, K.LEFT), (BasisKind.CONSENT,), told=10, outside=5),
    Theme((K.HELD, K.ENDED), (BasisKind.LEGITIMATE_INTERESTS, BasisKind.CONTRACT), outside=1),
    Theme(tuple(K), tuple(BasisKind), regions=(None, "NL", "BE"), outside=2),
)


@st.composite
def entries(draw: st.DrawFn, kinds: Iterable[EntryKind] = tuple(K), earliest: int = FIRST) -> Entry:
    kind = draw(st.sampled_from(list(kinds)))
    happened = draw(st.integers(earliest, LAST))
    who: tuple[str | None, ...] = ()
    if kind in (K.NOTICE_PLAYED, K.HELD, K.RESUMED):
        who = (None, "agent", *OTHERS)
    if kind in PARTY_NEEDED:
        who = (*STAFF, *OTHERS, *OTHERS)
    start: int | None = None
    end: int | None = None
    if kind is K.NOTICE_PLAYED:
        start = happened - draw(st.integers(1, 3))
    if kind is K.MARKED_PRIVATE and draw(st.integers(0, 3)):
        start = draw(st.integers(FIRST, LAST))
        end = draw(st.none() | st.integers(start + 1, LAST + 1))
    about = [frozenset(KEYS), frozenset({"main"})] + ([frozenset()] if kind is not K.NOTICE_PLAYED else [])
    return Entry(
        id=str(draw(st.integers(0, 10**6))),
        kind=kind,
        at=at(happened),
        received_at=at(happened),
        party=draw(st.sampled_from(who)) if who else None,
        purposes=draw(st.sampled_from(about)),
        version=draw(st.sampled_from([None, 1, 2])) if kind is K.NOTICE_PLAYED else None,
        started_at=None if start is None else at(start),
        ended_at=None if end is None else at(end),
        completed=kind is K.NOTICE_PLAYED and draw(st.integers(0, 4)) > 0,
    )


@st.composite
def statements(draw: st.DrawFn, kinds: Iterable[StatementKind] = tuple(StatementKind)) -> Statement:
    kind = draw(st.sampled_from(list(kinds)))
    decided = [StatementState.PENDING, StatementState.UPHELD, StatementState.REJECTED]
    when = at(draw(st.sampled_from([-2, -1, -1, 0, 2, 4])))
    return Statement(
        id=UUID(int=draw(st.integers(1, 10**6))),
        subject=WHO[draw(st.sampled_from([*OTHERS, *OTHERS, "agent"]))],
        kind=kind,
        at=when,
        received_at=when,
        purposes=draw(st.sampled_from([None, None, frozenset({"main"})])),
        state=draw(st.sampled_from(decided)) if kind is StatementKind.OBJECTION else StatementState.STANDING,
    )


def marks(call: Call) -> Iterable[Entry]:
    return [each for each in (*call.entries, *call.asked) if each.kind is K.MARKED_PRIVATE]


@st.composite
def calls(draw: st.DrawFn) -> Call:
    theme = draw(st.sampled_from(THEMES))
    announced = {(key, 1): ORIGIN - timedelta(days=1) for key in KEYS}
    purposes = tuple(
        PurposeTerms(
            id=UUID(int=number),
            key=key,
            version=1,
            basis=draw(st.sampled_from(theme.bases)),
            retention="P6M",
            hold_suppressed=key == "main",
            staff_only_until=draw(st.sampled_from([None, ORIGIN.date()])) if key == "other" else None,
            drawn=draw(st.integers(0, 9)) > 0,
        )
        for number, key in enumerate(KEYS)
    )
    later = draw(st.sampled_from([(), ("second", "partner"), ("second",), ("partner",)]))
    staff = tuple(
        Party(label=each, kind=PartyKind.STAFF, subject=WHO[each], registered=each not in later, announced=announced)
        for each in STAFF
    )
    region = draw(st.sampled_from(theme.regions))
    others = tuple(
        Party(label=each, kind=PartyKind.CUSTOMER, subject=WHO[each], registered=each not in later, region=region)
        for each in OTHERS
    )
    notices = tuple(notice(label) for label in OTHERS if draw(st.integers(0, 9)) < theme.told)
    return Call(
        id=UUID(int=1),
        country="NL",
        guard_ms=100 * draw(st.integers(0, 3)),
        has_source=True,
        purposes=purposes,
        parties=staff + others,
        answered_at=draw(st.sampled_from([ORIGIN] * 9 + [None])),
        entries=notices + tuple(draw(st.lists(entries(theme.kinds), max_size=8))),
        statements=tuple(draw(st.lists(statements(), max_size=theme.outside))),
        asked=tuple(draw(st.lists(entries([K.MARKED_PRIVATE]), max_size=1))) if theme.outside == 2 else (),
    )


def notice(label: str) -> Entry:
    return Entry(
        id=f"n{label}",
        kind=K.NOTICE_PLAYED,
        at=at(-1),
        received_at=at(0),
        party=label,
        purposes=frozenset(KEYS),
        started_at=at(-3),
        completed=True,
    )


# The second implementation.


@dataclass
class Walked:
    present: dict[int, set[str]]
    held: dict[int, set[str | None]]
    paused: dict[int, bool]


def walk(call: Call) -> Walked:  # noqa: C901 - deliberately plain: one walk, one branch per kind of entry
    moves = [entry for entry in call.entries if entry.kind in (K.JOINED, K.LEFT)]
    there = {party.label for party in call.parties if party.registered and not first_is_joined(party, moves)}
    held: set[str | None] = set()
    paused = False
    seen = Walked({}, {}, {})
    for tick in range(FIRST - 4, HORIZON):
        now = [entry for entry in call.entries if tick_of(entry.at) == tick]
        for entry in now:  # what gives
            if entry.kind is K.RESUMED:
                held = held - {entry.party} if entry.party else set()
            if entry.kind is K.LEFT:
                held = held - {entry.party}
            if entry.kind is K.UNPAUSED:
                paused = False
            if (entry.kind is K.JOINED and entry.party in STAFF) or (entry.kind is K.LEFT and entry.party in OTHERS):
                there = there | {str(entry.party)} if entry.kind is K.JOINED else there - {str(entry.party)}
        for entry in now:  # what restricts
            if entry.kind is K.HELD:
                held = held | {entry.party}
            if entry.kind is K.PAUSED:
                paused = True
            if (entry.kind is K.LEFT and entry.party in STAFF) or (entry.kind is K.JOINED and entry.party in OTHERS):
                there = there | {str(entry.party)} if entry.kind is K.JOINED else there - {str(entry.party)}
        seen.present[tick], seen.held[tick], seen.paused[tick] = set(there), set(held), paused
    start = first_tick(call, K.ANSWERED)
    for tick in seen.present:
        if start is None or tick < start:
            seen.present[tick] = set()
    return seen


def first_is_joined(party: Party, moves: list[Entry]) -> bool:
    mine = [entry for entry in moves if entry.party == party.label]
    if not mine:
        return False
    earliest = min(entry.at for entry in mine)
    kinds = {entry.kind for entry in mine if entry.at == earliest}
    # At one instant the giving one comes first: `joined` of staff, `left` of others.
    return (K.JOINED in kinds) if party.label in STAFF else (K.LEFT not in kinds)


def first_tick(call: Call, kind: EntryKind) -> int | None:
    ticks = [tick_of(entry.at) for entry in call.entries if entry.kind is kind]
    if kind is K.ANSWERED and call.answered_at is not None:
        ticks.append(tick_of(call.answered_at))
    return min(ticks) if ticks else None


def told_by(call: Call, seen: Walked, label: str, key: str) -> int:
    told = [
        tick_of(entry.at)
        for entry in call.entries
        if entry.kind is K.NOTICE_PLAYED
        and entry.completed
        and key in entry.purposes
        and entry.version in (None, 1)
        and (entry.party == label or (entry.party is None and heard(entry, seen, label)))
    ]
    return min(told) if told else 10**6


def heard(entry: Entry, seen: Walked, label: str) -> bool:
    assert entry.started_at
    return all(
        label in seen.present[tick] and not seen.held[tick] & {label, None}
        for tick in range(tick_of(entry.started_at), tick_of(entry.at))
    )


def outside(call: Call, label: str, purpose: PurposeTerms, kinds: set[StatementKind]) -> list[int]:
    """The ticks at which this party said so outside the call."""
    consent = purpose.basis is BasisKind.CONSENT or any(party.region == "BE" for party in call.parties)
    all_about = {StatementKind.OBJECTION: purpose.basis in OBJECTIONABLE}
    return [
        tick_of(each.at)
        for each in call.statements
        if each.subject == WHO[label] and each.kind in kinds and each.state is not StatementState.REJECTED
        if (all_about.get(each.kind, consent) if each.purposes is None else purpose.key in each.purposes)
    ]


def noes(call: Call, label: str, purpose: PurposeTerms) -> list[int]:
    mine = [each for each in call.entries if each.party == label and each.kind in NO and each.touches(purpose.key)]
    return [tick_of(each.at) for each in mine] + outside(
        call, label, purpose, {StatementKind.WITHDRAWAL, StatementKind.OBJECTION}
    )


def consents(call: Call, label: str, purpose: PurposeTerms, tick: int, told: int) -> bool:
    """Whether this party's consent is in force at a tick, knowing all that comes later."""
    mine = [each for each in call.entries if each.party == label and each.touches(purpose.key)]
    given = [tick_of(each.at) for each in mine if each.kind is K.CONSENT_GIVEN and told <= tick_of(each.at)]
    given += outside(call, label, purpose, {StatementKind.CONSENT})
    return any(each <= tick and all(each > no for no in noes(call, label, purpose)) for each in given)


def refused(call: Call, label: str, purpose: PurposeTerms) -> bool:
    """Whether this party said no in the call, or outside it since the call began."""
    began = first_tick(call, K.ANSWERED)
    entered = any(e.kind in NO and e.party == label and e.touches(purpose.key) for e in call.entries)
    return entered or any(began is not None and no >= began for no in noes(call, label, purpose))


def allowed(call: Call, seen: Walked, purpose: PurposeTerms, tick: int) -> bool:
    present = seen.present[tick]
    told = {label: told_by(call, seen, label, purpose.key) for label in OTHERS}
    among_staff = purpose.staff_only_until is not None and set(STAFF) <= present
    if not purpose.drawn or seen.paused[tick] or (seen.held[tick] and purpose.hold_suppressed):
        return False
    if not (present & set(STAFF) and present & set(OTHERS)) and not among_staff:
        return False
    if any(told[label] > tick for label in OTHERS if label in present):
        return False
    for entry in marks(call):
        start = tick_of(entry.started_at) if entry.started_at else -(10**6)
        end = tick_of(entry.ended_at) if entry.ended_at else 10**6
        if entry.started_at is None or start <= tick < end:
            return False
    if purpose.basis in OBJECTIONABLE and any(noes(call, label, purpose) for label in WHO):
        return False
    if purpose.basis is BasisKind.CONSENT or any(party.region == "BE" for party in call.parties):
        for label in OTHERS:
            asked = label in present or refused(call, label, purpose)
            if asked and not consents(call, label, purpose, tick, told[label]):
                return False
    return True


def kept_by_walking(call: Call, key: str) -> set[int]:
    purpose = next(each for each in call.purposes if each.key == key)
    start, end = first_tick(call, K.ANSWERED), first_tick(call, K.ENDED)
    if start is None:
        return set()
    seen = walk(call)
    guard = call.guard_ms // 100
    silent = {tick for tick in range(start, HORIZON) if not allowed(call, seen, purpose, tick)}
    return {
        tick
        for tick in range(start, HORIZON - guard)
        if (end is None or tick < end) and not silent & set(range(tick - guard, tick + guard + 1))
    }


# The properties.


def kept(call: Call, key: str) -> Spans:
    return keepable(Reading(call))[key]


def ticks(call: Call, key: str) -> set[int]:
    spans = kept(call, key)
    return {tick for tick in range(FIRST - 4, HORIZON - call.guard_ms // 100) if moment_of(at(tick)) in spans}


@settings(max_examples=600, deadline=None)
@given(calls())
def test_the_rulebook_keeps_what_a_walk_through_the_call_keeps(call: Call) -> None:
    for key in KEYS:
        assert ticks(call, key) == kept_by_walking(call, key)


@settings(max_examples=100, deadline=None)
@given(calls(), st.randoms(use_true_random=False))
def test_the_order_in_which_entries_arrive_changes_nothing(call: Call, random: object) -> None:
    shuffled, said = list(call.entries), list(call.statements)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    random.shuffle(said)  # type: ignore[attr-defined]
    now = at(LAST + 2)
    assert decide(replace(call, entries=tuple(shuffled), statements=tuple(said)), now) == decide(call, now)


@settings(max_examples=150, deadline=None)
@given(calls(), entries(RESTRICTING))
def test_what_restricts_never_enlarges_a_span(call: Call, entry: Entry) -> None:
    restricted = replace(call, entries=(*call.entries, entry))
    for purpose in call.purposes:
        assert not kept(restricted, purpose.key) - kept(call, purpose.key)


@settings(max_examples=200, deadline=None)
@given(calls(), statements([StatementKind.WITHDRAWAL, StatementKind.OBJECTION]), entries([K.MARKED_PRIVATE]))
def test_what_is_said_outside_or_asked_for_never_enlarges_a_span(call: Call, said: Statement, mark: Entry) -> None:
    for more in (replace(call, statements=(*call.statements, said)), replace(call, asked=(*call.asked, mark))):
        for key in KEYS:
            assert not kept(more, key) - kept(call, key)
            assert not kept(more, key) - kept(settled(more), key)


@settings(max_examples=100, deadline=None)
@given(calls(), entries(set(K) - {*NO, K.MARKED_PRIVATE, K.JOINED, K.ENDED}, earliest=5))
def test_after_the_end_and_its_guard_anything_else_has_no_effect(call: Call, entry: Entry) -> None:
    ended = Entry(id="end", kind=K.ENDED, at=at(4 - call.guard_ms // 100), received_at=at(10))
    over = replace(call, entries=(*call.entries, ended))
    later = replace(over, entries=(*over.entries, entry))
    assert keepable(Reading(later)) == keepable(Reading(over))


@settings(max_examples=100, deadline=None)
@given(calls(), st.integers(0, 2_000))
def test_a_larger_guard_never_keeps_more(call: Call, further: int) -> None:
    guarded = replace(call, guard_ms=call.guard_ms + further)
    for key in KEYS:
        assert not kept(guarded, key) - kept(call, key)


@settings(max_examples=150, deadline=None)
@given(calls(), st.integers(FIRST, LAST))
def test_recording_may_run_exactly_while_something_is_kept_and_else_it_is_said_why(call: Call, tick: int) -> None:
    call = replace(call, guard_ms=0)
    verdict = decide(call, at(tick))
    now = moment_of(at(tick))
    if verdict.starts_at is not None and verdict.starts_at <= now < verdict.ends_at:
        assert verdict.may_record == any(now in spans for spans in verdict.keepable.values())
    assert verdict.may_record or verdict.reasons
