"""States, intake, items, codes, progress and watching: each verdict with its reason."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recital_dsar.decisions.codes import ALPHABET, MOST_TRIES, attempt, digest, spell
from recital_dsar.decisions.deadlines import deadlines, end_of
from recital_dsar.decisions.intake import may_receive
from recital_dsar.decisions.progress import Block, Progress, is_complete, may_build, part_is_whole, progress
from recital_dsar.decisions.retry import is_alarming, is_stuck, pause
from recital_dsar.decisions.states import IDENTIFIED, OPEN, TRANSITIONS, after
from recital_dsar.decisions.watch import watch
from recital_dsar.model import (
    CodeFacts,
    ItemCounts,
    Move,
    Part,
    PartState,
    Request,
    RequestKind,
    State,
    Withholding,
)
from recital_errors import Reason

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
ASKER, REQUEST = UUID(int=1), UUID(int=9)
DATES = deadlines(date(2026, 11, 25), country="NL")


def request(state: State, **changed: Any) -> Request:
    facts: dict[str, Any] = {
        "id": REQUEST,
        "kind": RequestKind.ACCESS,
        "state": state,
        "language": "nl",
        "received_at": NOW,
        "deadlines": DATES,
        "withholding": Withholding.IN_FORCE,
        "subjects": (ASKER,),
        "order": None,
        "identity_asked_at": None,
        "identity_settled_at": None,
        "outcome": None,
        "closed_at": None,
        "file_key": UUID(int=7),
        "identifiers_key": UUID(int=8),
        "code": CodeFacts(None, 0),
    }
    return Request(**{**facts, **changed})


def part(service: str, state: PartState = PartState.CHECKED) -> Part:
    return Part(UUID(int=3), REQUEST, UUID(int=4), service, state, items=2, size=10, sha256="aa")


# States


def test_a_request_walks_from_receipt_to_its_close() -> None:
    state: State | None = State.RECEIVED
    for move in (
        Move.ASK_IDENTITY,
        Move.CONFIRM_IDENTITY,
        Move.ORDER_COLLECTION,
        Move.COMPLETE_COLLECTION,
        Move.START_PACKAGE,
        Move.FINISH_PACKAGE,
        Move.DELIVER,
        Move.CLOSE,
    ):
        assert state is not None
        state = after(state, move)
    assert state is State.CLOSED


@pytest.mark.parametrize("move", list(Move))
def test_nothing_happens_to_a_closed_request(move: Move) -> None:
    assert after(State.CLOSED, move) is None


@pytest.mark.parametrize("state", sorted(IDENTIFIED))
def test_identity_is_not_refused_after_it_was_confirmed(state: State) -> None:
    assert after(state, Move.REFUSE_IDENTITY) is None


def test_nothing_is_collected_packed_or_delivered_before_identity_is_confirmed() -> None:
    for state in (State.RECEIVED, State.IDENTITY_ASKED, State.REFUSED):
        for move in (Move.ORDER_COLLECTION, Move.START_PACKAGE, Move.FINISH_PACKAGE, Move.DELIVER):
            assert after(state, move) is None


def test_every_state_can_still_reach_the_end() -> None:
    reached = {State.CLOSED}
    while more := {start for (start, _), end in TRANSITIONS.items() if end in reached} - reached:
        reached |= more
    assert reached == set(State)
    assert {start for start, _ in TRANSITIONS} == OPEN


# Intake


@pytest.mark.parametrize(
    ("received_on", "by_officer", "code"),
    [
        (None, False, None),
        (date(2026, 11, 25), True, None),
        (date(2026, 11, 1), True, None),
        (date(2026, 11, 1), False, "received_on_not_yours"),
        (date(2026, 11, 26), True, "received_on_in_future"),
        (date(2025, 11, 1), True, "received_on_too_old"),
    ],
)
def test_only_an_officer_dates_a_request_back(received_on: date | None, by_officer: bool, code: str | None) -> None:
    verdict = may_receive(received_on=received_on, today=date(2026, 11, 25), by_officer=by_officer)
    assert (verdict.code if verdict else None) == code


# Codes


@given(random=st.binary(min_size=10, max_size=10))
def test_a_code_is_sixteen_letters_that_are_not_misread(random: bytes) -> None:
    code = spell(random)
    assert [len(group) for group in code.split("-")] == [4, 4, 4, 4]
    assert set(code) <= set(ALPHABET) | {"-"}


@given(one=st.binary(min_size=10, max_size=10), two=st.binary(min_size=10, max_size=10))
def test_different_bytes_spell_different_codes(one: bytes, two: bytes) -> None:
    assert (spell(one) == spell(two)) == (one == two)


def test_a_code_is_read_as_people_write_it_and_for_its_request_only() -> None:
    stored = digest(REQUEST, "0123-4567-89AB-CD1F")
    assert digest(REQUEST, " o123 4567 89ab cdif ") == digest(REQUEST, "o123456789abcdLf") == stored
    assert digest(UUID(int=10), "0123-4567-89AB-CD1F") != stored
    assert digest(REQUEST, "0123-4567-89AB-CD1E") != stored


def test_the_right_code_opens_and_a_wrong_one_counts() -> None:
    right, wrong = digest(REQUEST, "A"), digest(REQUEST, "B")
    assert attempt(CodeFacts(right, 0), right).opens
    failed = attempt(CodeFacts(right, 0), wrong)
    assert (failed.opens, failed.tries, failed.locks) == (False, 1, False)


def test_five_wrong_tries_lock_the_code_also_for_the_right_one() -> None:
    right, wrong = digest(REQUEST, "A"), digest(REQUEST, "B")
    tries = 0
    for _ in range(MOST_TRIES):
        verdict = attempt(CodeFacts(right, tries), wrong)
        tries = verdict.tries
    assert verdict.locks
    assert not attempt(CodeFacts(right, tries), right).opens


def test_without_a_stored_code_nothing_opens() -> None:
    assert not attempt(CodeFacts(None, 0), bytes(32)).opens
    assert not attempt(CodeFacts(None, 0), digest(REQUEST, "A")).opens


# Progress


@pytest.mark.parametrize(
    ("state", "changed", "step", "blocked"),
    [
        (State.RECEIVED, {}, "check_identity", ()),
        (State.RECEIVED, {"subjects": None}, "check_identity", (Block("resolving_pending", "consent"),)),
        (
            State.IDENTIFIED,
            {"withholding": Withholding.PENDING},
            "order_collection",
            (Block("withholding_pending", "retention"),),
        ),
        (State.READY, {}, "await_pickup", ()),
        (State.BUILDING, {}, "await_package", ()),
        (State.CLOSED, {}, "nothing", ()),
    ],
)
def test_the_work_list_says_what_comes_next_and_what_blocks_it(
    state: State, changed: dict[str, Any], step: str, blocked: tuple[Block, ...]
) -> None:
    assert progress(request(state, **changed), [], ItemCounts(0, 0, 0), []) == Progress(step, blocked)


def test_a_collection_names_each_service_that_keeps_it_waiting() -> None:
    parts = [part("consent"), part("ingest", PartState.MISMATCH), part("retention", PartState.ANNOUNCED)]
    assert progress(request(State.COLLECTING), parts, ItemCounts(0, 0, 0), []).blocked_by == (
        Block("part_mismatch", "ingest"),
        Block("part_not_fetched", "retention"),
    )
    assert progress(request(State.COLLECTING), [], ItemCounts(0, 0, 0), []).blocked_by[0] == Block(
        "part_missing", "consent"
    )


def test_work_that_failed_shows_why_until_it_succeeds() -> None:
    blocks = progress(request(State.BUILDING), [], ItemCounts(1, 1, 1), ["ingest_unavailable"] * 2).blocked_by
    assert blocks == (Block("ingest_unavailable"),)


def test_a_review_ends_when_every_item_is_decided() -> None:
    undecided = ItemCounts(total=3, decided=1, given=1)
    assert progress(request(State.REVIEW), [], undecided, []) == Progress(
        "decide_items", (Block("items_undecided", count=2),)
    )
    assert may_build(undecided) == Reason("items_undecided")
    decided = ItemCounts(total=3, decided=3, given=2)
    assert progress(request(State.REVIEW), [], decided, []) == Progress("build_package", ())
    assert may_build(decided) is None


def test_a_collection_is_complete_only_with_a_checked_part_of_every_service() -> None:
    assert is_complete([part("consent"), part("ingest"), part("retention")])
    assert not is_complete([part("consent"), part("ingest")])
    assert not is_complete([part("consent"), part("ingest"), part("retention", PartState.MISMATCH)])


@pytest.mark.parametrize(
    ("sha256", "size", "items", "whole"),
    [("aa", 10, 2, True), ("ab", 10, 2, False), ("aa", 9, 2, False), ("aa", 10, 3, False)],
)
def test_a_part_is_whole_only_if_hash_size_and_count_are_as_stated(
    sha256: str, size: int, items: int, whole: bool
) -> None:
    assert part_is_whole(part("consent"), sha256=sha256, size=size, items=items) is whole


# Watching


def test_each_limit_raises_its_alarm_once_and_names_the_next_look() -> None:
    zone = "Europe/Amsterdam"
    seen = NOW
    alarms: list[str] = []
    look = watch(DATES, time_zone=zone, seen_until=NOW, now=NOW).look_again_at
    while look is not None:
        verdict = watch(DATES, time_zone=zone, seen_until=seen, now=look)
        alarms += verdict.alarms
        seen, look = look, verdict.look_again_at
    assert alarms == ["request_target_passed", "request_due_soon", "request_due", "request_overdue"]
    assert seen == end_of(DATES.due_on, zone)


def test_a_look_after_a_long_absence_finds_all_that_passed() -> None:
    verdict = watch(DATES, time_zone="Europe/Amsterdam", seen_until=NOW, now=NOW + timedelta(days=90))
    assert len(verdict.alarms) == 4
    assert verdict.look_again_at is None


# Retrying


def test_work_that_fails_is_tried_again_ever_more_slowly_and_for_ever() -> None:
    waits = [pause(attempts) for attempts in range(12)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1], pause(100_000)) == (timedelta(seconds=0.5), timedelta(minutes=1), timedelta(minutes=1))


def test_ten_minutes_of_failing_are_alarmed_and_five_failures_are_stuck() -> None:
    assert not is_alarming(NOW, NOW + timedelta(minutes=9, seconds=59))
    assert is_alarming(NOW, NOW + timedelta(minutes=10))
    assert [is_stuck(attempts) for attempts in (3, 4)] == [False, True]
