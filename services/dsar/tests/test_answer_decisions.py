"""Extensions, proofs, refusals, letters, measures, the register: each verdict with its reason, without any server."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from recital_dsar.decisions import proving
from recital_dsar.decisions.deadlines import as_of, deadlines, end_of, last_day
from recital_dsar.decisions.extending import may_extend, takes_effect
from recital_dsar.decisions.intake import is_closing, may_receive, repeated
from recital_dsar.decisions.letters import (
    Channel,
    Letter,
    LetterKind,
    LetterState,
    authority,
    is_mail_address,
    is_waiting_for_hands,
)
from recital_dsar.decisions.progress import Block, progress
from recital_dsar.decisions.proving import Challenge, Way
from recital_dsar.decisions.refusing import may_refuse
from recital_dsar.decisions.register import Registered, figures, inert
from recital_dsar.decisions.watch import Silence, is_silent, silence, standings, watch
from recital_dsar.model import (
    CodeFacts,
    ItemCounts,
    Request,
    RequestKind,
    State,
    TenantFacts,
    Withholding,
)
from recital_errors import Reason

ZONE = "Europe/Amsterdam"
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
DATES = deadlines(date(2026, 11, 25), country="NL")
ASKER, OTHER = UUID(int=1), UUID(int=2)
NL = TenantFacts("NL", ZONE, ("nl",), UUID(int=3))


def request(state: State = State.REVIEW, **changed: Any) -> Request:
    facts: dict[str, Any] = {
        "id": UUID(int=9),
        "kind": RequestKind.ERASURE,
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


# Extensions


def test_a_request_is_extended_once_before_its_first_date_is_over() -> None:
    assert may_extend(request(), now=NOW, time_zone=ZONE) is None
    last_moment = end_of(DATES.due_on, ZONE)
    assert may_extend(request(), now=last_moment, time_zone=ZONE) == Reason("first_date_passed", "R16")
    assert may_extend(request(), now=last_moment - timedelta(seconds=1), time_zone=ZONE) is None
    for extended in (request(extended_at=NOW), request(extension_asked_at=NOW)):
        assert may_extend(extended, now=NOW, time_zone=ZONE) == Reason("extended_already", "R16")
    for answered in (request(State.CLOSED), request(State.REFUSED), request(answered_at=NOW)):
        assert may_extend(answered, now=NOW, time_zone=ZONE) == Reason("answered_already", "R16")


def test_an_extension_counts_only_if_its_letter_went_out_before_the_first_date_was_over() -> None:
    over = end_of(DATES.due_on, ZONE)
    assert takes_effect(request(), sent_at=over - timedelta(seconds=1), time_zone=ZONE)
    assert not takes_effect(request(), sent_at=over, time_zone=ZONE)


def test_the_last_day_is_the_first_date_until_an_extension_is_in_force() -> None:
    assert request().answer_by == last_day(DATES, extended=False) == DATES.due_on
    assert request(extended_at=NOW).answer_by == last_day(DATES, extended=True) == DATES.extended_due_on


def test_doubt_about_identity_holds_the_dates_back_while_it_lasts() -> None:
    doubted = request(State.IDENTITY_ASKED, identity_asked_at=NOW)
    assert as_of(doubted, NL, NOW + timedelta(days=10)) == deadlines(date(2026, 11, 25), country="NL", paused=10)
    assert as_of(request(), NL, NOW + timedelta(days=10)) == DATES
    assert as_of(request(State.IDENTITY_ASKED), NL, NOW) == DATES


# Watching


def test_who_has_no_answer_three_days_before_the_limit_is_written_to_once() -> None:
    moment = end_of(DATES.alarm_on, ZONE) - timedelta(days=3)
    before = watch(DATES, time_zone=ZONE, seen_until=NOW, now=moment - timedelta(seconds=1))
    assert (before.letter_due, before.look_again_at) == (False, moment)
    assert watch(DATES, time_zone=ZONE, seen_until=NOW, now=moment).letter_due
    assert not watch(DATES, time_zone=ZONE, seen_until=moment, now=moment + timedelta(hours=1)).letter_due


def test_once_extended_the_second_limit_is_watched() -> None:
    first_over = end_of(DATES.due_on, ZONE)
    verdict = watch(DATES, time_zone=ZONE, seen_until=NOW, now=first_over, extended=True)
    assert (verdict.alarms, verdict.letter_due) == ((), False)
    assert verdict.look_again_at == end_of(DATES.extension_alarm_on, ZONE) - timedelta(days=7)
    late = watch(DATES, time_zone=ZONE, seen_until=first_over, now=NOW + timedelta(days=120), extended=True)
    assert late.alarms == ("request_due_soon", "request_due", "request_overdue")
    assert late.letter_due


def test_limits_are_counted_as_in_time_near_and_past() -> None:
    limits = [NOW, NOW + timedelta(days=7), NOW + timedelta(days=8)]
    assert standings(limits, NOW) == {"in_time": 1, "near": 1, "past": 1}


def test_silence_is_alarmed_every_two_weeks_and_reminded_of_once() -> None:
    weeks = timedelta(weeks=1)

    def look(seen: timedelta, now: timedelta) -> Silence:
        return silence(NOW, seen_until=NOW + seen, now=NOW + now)

    assert look(-weeks, 1 * weeks) == Silence(remind=False, is_alarming=False, look_again_at=NOW + 2 * weeks)
    assert look(-weeks, 2 * weeks) == Silence(remind=True, is_alarming=True, look_again_at=NOW + 4 * weeks)
    assert look(2 * weeks, 3 * weeks) == Silence(remind=False, is_alarming=False, look_again_at=NOW + 4 * weeks)
    assert look(2 * weeks, 9 * weeks) == Silence(remind=False, is_alarming=True, look_again_at=NOW + 10 * weeks)
    assert [is_silent(NOW, NOW + each * weeks) for each in (1, 2)] == [False, True]
    assert not is_silent(None, NOW)


# Intake


def test_a_tenant_that_was_to_be_closed_and_was_not_goes_on_after_an_hour() -> None:
    hour = timedelta(hours=1)
    assert not is_closing(asked_at=None, closed_at=None, now=NOW)
    assert is_closing(asked_at=NOW - hour / 2, closed_at=None, now=NOW)
    assert not is_closing(asked_at=NOW - hour, closed_at=None, now=NOW)
    assert is_closing(asked_at=NOW - hour, closed_at=NOW - hour, now=NOW)


def test_a_closing_tenant_takes_nothing_in_by_its_staff_and_still_from_persons() -> None:
    today = date(2026, 11, 25)
    closing = {"received_on": None, "today": today, "tenant_closing": True}
    assert may_receive(by_officer=True, **closing) == Reason("tenant_closing")  # type: ignore[arg-type]
    assert may_receive(by_officer=False, **closing) is None  # type: ignore[arg-type]


def test_a_request_repeats_the_first_open_one_about_the_same_person() -> None:
    first, second = UUID(int=11), UUID(int=12)
    assert repeated([ASKER], [(first, [OTHER]), (second, [OTHER, ASKER])]) == second
    assert repeated([ASKER], [(first, [OTHER])]) is None
    assert repeated([], [(first, [])]) is None


# Proofs


CHALLENGE = Challenge(Way.EMAIL, 1, 0, proving.digest(UUID(int=9), "12345678"), NOW + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("state", "challenge", "code"),
    [
        (State.RECEIVED, None, None),
        (State.IDENTITY_ASKED, CHALLENGE, None),
        (State.COLLECTING, None, "request_state"),
        (State.RECEIVED, Challenge(Way.EMAIL, 1, 5, None, None), "proof_locked"),
        (State.RECEIVED, Challenge(Way.EMAIL, 5, 0, None, None), "codes_sent"),
    ],
)
def test_codes_are_sent_while_proof_is_awaited_and_not_for_ever(
    state: State, challenge: Challenge | None, code: str | None
) -> None:
    verdict = proving.may_ask(state, challenge)
    assert (verdict.code if verdict else None) == code


def test_one_channel_proves_for_all_a_request_is_about_or_for_nobody() -> None:
    assert proving.proves([ASKER], (ASKER,))
    assert proving.proves([OTHER, ASKER], (ASKER, OTHER))
    for found, subjects in (([ASKER], (ASKER, OTHER)), ([], ()), ([ASKER], None), ([OTHER], (ASKER,))):
        assert not proving.proves(found, subjects)


def test_a_code_has_eight_digits_and_is_bound_to_its_request() -> None:
    assert proving.spell(bytes(16)) == "00000000"
    assert len(proving.spell(b"\xff" * 16)) == 8
    one = proving.digest(UUID(int=1), "1234 5678")
    assert one == proving.digest(UUID(int=1), "12345678")
    assert one != proving.digest(UUID(int=2), "12345678")


def test_a_code_opens_once_it_is_right_in_time_and_has_tries_left() -> None:
    right = proving.digest(UUID(int=9), "12345678")
    assert proving.answers(CHALLENGE, right, NOW)
    refused = [
        (CHALLENGE, proving.digest(UUID(int=9), "12345679"), NOW),
        (CHALLENGE, right, NOW + timedelta(minutes=1)),
        (Challenge(Way.EMAIL, 1, 5, right, NOW + timedelta(1)), right, NOW),
        (Challenge(Way.EMAIL, 1, 0, None, NOW + timedelta(1)), right, NOW),
        (Challenge(Way.EMAIL, 1, 0, None, None), bytes(32), NOW),
        (Challenge(Way.EMAIL, 1, 0, right, None), right, NOW),
        (None, bytes(32), NOW),
    ]
    assert not any(proving.answers(*each) for each in refused)


# Refusals


def test_a_request_is_refused_on_a_ground_of_its_kind_alone() -> None:
    assert may_refuse(request(), "unfounded") is None
    assert may_refuse(request(), "data_correct") == Reason("ground_not_for_kind", "R16")
    assert may_refuse(request(kind=RequestKind.RECTIFICATION), "data_correct") is None
    assert may_refuse(request(), "repeats_open_request") == Reason("nothing_repeated", "R16")
    assert may_refuse(request(repeats=OTHER), "repeats_open_request") is None


# Letters


@pytest.mark.parametrize(
    ("kind", "channel", "state", "waits"),
    [
        (LetterKind.DECISION, Channel.EMAIL, LetterState.WAITING, False),
        (LetterKind.CODE, Channel.TEXT, LetterState.WAITING, False),
        (LetterKind.DECISION, Channel.EMAIL, LetterState.BOUNCED, True),
        (LetterKind.DECISION, Channel.EMAIL, LetterState.RETURNED, True),
        (LetterKind.CONFIRMATION, Channel.LETTER, LetterState.WAITING, True),
        (LetterKind.CONFIRMATION, Channel.OFFICER, LetterState.WAITING, False),
        (LetterKind.DECISION, Channel.OFFICER, LetterState.WAITING, True),
        (LetterKind.DECISION, Channel.LETTER, LetterState.SENT, False),
    ],
)
def test_a_letter_waits_for_hands_where_no_carrier_takes_it(
    kind: LetterKind, channel: Channel, state: LetterState, waits: bool
) -> None:
    letter = Letter(UUID(int=1), UUID(int=9), kind, "nl", channel, state, NOW, None, None)
    assert is_waiting_for_hands(letter) is waits


def test_a_complaint_goes_to_the_countrys_own_authority() -> None:
    assert authority("NL")[0] == "Autoriteit Persoonsgegevens"
    assert authority("XX") == ("", authority("XX")[1])


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("person@example.org", True),
        ("a.b+c@sub.example.org", True),
        (None, False),
        ("person", False),
        ("a@b@example.org", False),
        ("person@example.org\r\nBcc: x@example.org", False),
        ("person@example.org, x@example.org", False),
        ("<person@example.org>", False),
        ("person\u202e@example.org", False),
        ("a@" + "x" * 250 + ".org", False),
    ],
)
def test_only_one_mailbox_is_an_address(text: str | None, whole: bool) -> None:
    assert is_mail_address(text) is whole


# Progress


@pytest.mark.parametrize(
    ("kind", "state", "counts", "step"),
    [
        (RequestKind.ERASURE, State.REVIEW, (2, 1), "decide_items"),
        (RequestKind.ERASURE, State.REVIEW, (2, 2), "carry_out"),
        (RequestKind.ERASURE, State.REVIEW, (0, 0), "carry_out"),
        (RequestKind.RESTRICTION, State.REVIEW, (2, 0), "decide_items"),
        (RequestKind.RESTRICTION, State.REVIEW, (2, 1), "carry_out"),
        (RequestKind.OBJECTION, State.REVIEW, (2, 0), "decide_objection"),
        (RequestKind.ERASURE, State.CARRYING_OUT, (2, 2), "await_owners"),
        (RequestKind.ERASURE, State.READY, (2, 2), "send_letter"),
        (RequestKind.ACCESS, State.READY, (2, 2), "await_pickup"),
        (RequestKind.ACCESS, State.REFUSED, (0, 0), "send_letter"),
    ],
)
def test_every_kind_of_request_has_its_own_next_step(
    kind: RequestKind, state: State, counts: tuple[int, int], step: str
) -> None:
    shown = progress(request(state, kind=kind), [], ItemCounts(counts[0], counts[1], 0), [], [Block("letter_to_send")])
    assert shown.next_step == step
    assert shown.blocked_by[0] == Block("letter_to_send")


# The register


def registered(**changed: Any) -> Registered:
    facts: dict[str, Any] = {
        "kind": "access",
        "received_at": NOW,
        "outcome": "delivered",
        "extended": False,
        "answered_at": NOW + timedelta(days=3),
        "answered_in_time": True,
        "overdue": False,
    }
    return Registered(**{**facts, **changed})


def test_the_figures_add_up() -> None:
    rows = [
        registered(),
        registered(answered_at=NOW + timedelta(days=40), answered_in_time=False, extended=True),
        registered(outcome="refused"),
        registered(outcome=None, answered_at=None, answered_in_time=None, overdue=True),
    ]
    found = figures(rows)
    assert (found.received, found.open, found.met, found.missed) == (4, 1, 2, 1)
    assert (found.overdue, found.extended, found.refused, found.average_days) == (1, 1, 1, 15.3)
    assert figures([]).average_days is None


@pytest.mark.parametrize("cell", ["=1+1", "+31612345678", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert inert(cell) == f"'{cell}"


def test_ordinary_cells_stay_as_they_are() -> None:
    assert (inert("access"), inert(None), inert(True)) == ("access", "", "True")
