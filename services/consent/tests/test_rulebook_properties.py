"""Random timelines: the rulebook against a second, deliberately simple one that walks the call tick by tick."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import example, given, settings
from hypothesis import strategies as st
from recital_consent.decisions.keepable import Reading, keepable
from recital_consent.decisions.verdict import decide
from recital_consent.model.calls import Call, Entry, EntryKind, Party, PartyKind, PurposeTerms
from recital_consent.model.purposes import BasisKind
from recital_consent.model.spans import Spans, moment_of

ORIGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICK = timedelta(milliseconds=100)
FIRST, LAST = -2, 7  # of what happens: so short that much falls on one tick
HORIZON = LAST + 8  # how far the walk goes
STAFF = ("agent", "second")
OTHERS = ("customer", "partner")
KEYS = ("main", "other")
K = EntryKind
PARTY_NEEDED = {K.CONSENT_GIVEN, K.CONSENT_REFUSED, K.CONSENT_WITHDRAWN, K.OBJECTED, K.JOINED, K.LEFT}
RESTRICTING = [K.HELD, K.PAUSED, K.MARKED_PRIVATE, K.OBJECTED, K.CONSENT_REFUSED, K.CONSENT_WITHDRAWN, K.ENDED]
NO = {K.OBJECTED, K.CONSENT_REFUSED, K.CONSENT_WITHDRAWN}


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


THEMES = (
    Theme((K.JOINED, K.LEFT, K.HELD, K.RESUMED)),
    Theme((K.HELD, K.RESUMED)),
    Theme((K.HELD, K.RESUMED, K.PAUSED, K.UNPAUSED, K.LEFT, K.ENDED)),
    Theme((K.NOTICE_PLAYED, K.NOTICE_PLAYED, K.JOINED, K.LEFT, K.HELD, K.RESUMED), told=2),
    Theme((K.CONSENT_GIVEN, K.CONSENT_GIVEN, K.CONSENT_GIVEN, *NO, K.JOINED, K.LEFT), (BasisKind.CONSENT,)),
    Theme((K.CONSENT_GIVEN, K.CONSENT_GIVEN, K.CONSENT_REFUSED), (BasisKind.CONSENT,), told=10),
    Theme((K.CONSENT_GIVEN, K.NOTICE_PLAYED, *NO), (BasisKind.CONSENT, BasisKind.PUBLIC_TASK), told=5),
    Theme(tuple(K), tuple(BasisKind), regions=(None, "NL", "BE")),
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
        )
        for number, key in enumerate(KEYS)
    )
    later = draw(st.sampled_from([(), ("second", "partner"), ("second",), ("partner",)]))
    staff = tuple(
        Party(label=label, kind=PartyKind.STAFF, registered=label not in later, announced=announced) for label in STAFF
    )
    region = draw(st.sampled_from(theme.regions))
    others = tuple(
        Party(label=label, kind=PartyKind.CUSTOMER, registered=label not in later, region=region) for label in OTHERS
    )
    notices = tuple(notice(label) for label in OTHERS if draw(st.integers(0, 9)) < theme.told)
    return Call(
        id=UUID(int=1),
        country="NL",
        guard_ms=100 * draw(st.integers(0, 2)),
        has_source=True,
        purposes=purposes,
        parties=staff + others,
        answered_at=draw(st.sampled_from([ORIGIN] * 9 + [None])),
        entries=notices + tuple(draw(st.lists(entries(theme.kinds), max_size=8))),
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


def consents(call: Call, label: str, key: str, tick: int, told: int) -> bool:
    """Whether this party's consent is in force at a tick, knowing all that comes later."""
    mine = [entry for entry in call.entries if entry.party == label and entry.touches(key)]
    noes = [tick_of(entry.at) for entry in mine if entry.kind in NO]
    return any(
        entry.kind is K.CONSENT_GIVEN
        and told <= tick_of(entry.at) <= tick
        and all(tick_of(entry.at) > no for no in noes)
        for entry in mine
    )


def refused(call: Call, label: str, key: str) -> bool:
    return any(entry.kind in NO and entry.party == label and entry.touches(key) for entry in call.entries)


def allowed(  # noqa: C901 - deliberately plain: one condition after the other
    call: Call, seen: Walked, purpose: PurposeTerms, tick: int
) -> bool:
    present = seen.present[tick]
    told = {label: told_by(call, seen, label, purpose.key) for label in OTHERS}
    if not present & set(STAFF) or not present & set(OTHERS) or seen.paused[tick]:
        return False
    if seen.held[tick] and purpose.hold_suppressed:
        return False
    if any(told[label] > tick for label in OTHERS if label in present):
        return False
    for entry in call.entries:
        if entry.kind is K.MARKED_PRIVATE:
            start = tick_of(entry.started_at) if entry.started_at else -(10**6)
            end = tick_of(entry.ended_at) if entry.ended_at else 10**6
            if entry.started_at is None or start <= tick < end:
                return False
        objectionable = purpose.basis in (BasisKind.LEGITIMATE_INTERESTS, BasisKind.PUBLIC_TASK)
        if objectionable and entry.kind in NO and entry.touches(purpose.key):
            return False
    strict = any(party.region == "BE" for party in call.parties)
    if purpose.basis is BasisKind.CONSENT or strict:
        for label in OTHERS:
            asked = label in present or refused(call, label, purpose.key)
            if asked and not consents(call, label, purpose.key, tick, told[label]):
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


@settings(max_examples=1_000, deadline=None)
@given(calls())
def test_the_rulebook_keeps_what_a_walk_through_the_call_keeps(call: Call) -> None:
    for key in KEYS:
        assert ticks(call, key) == kept_by_walking(call, key)


@settings(max_examples=100, deadline=None)
@given(calls(), st.randoms(use_true_random=False))
def test_the_order_in_which_entries_arrive_changes_nothing(call: Call, random: object) -> None:
    shuffled = list(call.entries)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    now = at(LAST + 2)
    assert decide(replace(call, entries=tuple(shuffled)), now) == decide(call, now)


@settings(max_examples=300, deadline=None)
@given(calls(), entries(RESTRICTING))
@example(
    Call(
        id=UUID(int=1),
        country="NL",
        guard_ms=200,
        has_source=True,
        purposes=(PurposeTerms(id=UUID(int=1), key="main", version=1, basis=BasisKind.CONTRACT, retention="P6M"),),
        parties=(
            Party(label="agent", kind=PartyKind.STAFF, announced={("main", 1): ORIGIN}),
            Party(label="customer", kind=PartyKind.CUSTOMER),
        ),
        answered_at=ORIGIN,
        entries=(notice("customer"), Entry(id="h", kind=K.HELD, at=at(5), received_at=at(5))),
    ),
    Entry(id="e", kind=K.ENDED, at=at(4), received_at=at(4)),
)
def test_what_restricts_never_enlarges_a_span(call: Call, entry: Entry) -> None:
    restricted = replace(call, entries=(*call.entries, entry))
    for purpose in call.purposes:
        assert not kept(restricted, purpose.key) - kept(call, purpose.key)


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


@settings(max_examples=300, deadline=None)
@given(calls(), st.integers(FIRST, LAST))
def test_recording_may_run_exactly_while_something_is_kept(call: Call, tick: int) -> None:
    call = replace(call, guard_ms=0)
    verdict = decide(call, at(tick))
    now = moment_of(at(tick))
    if verdict.starts_at is not None and verdict.starts_at <= now < verdict.ends_at:
        assert verdict.may_record == any(now in spans for spans in verdict.keepable.values())


@settings(max_examples=100, deadline=None)
@given(calls(), st.integers(FIRST, LAST))
def test_whoever_is_denied_is_told_why(call: Call, tick: int) -> None:
    verdict = decide(call, at(tick))
    assert verdict.may_record or verdict.reasons
