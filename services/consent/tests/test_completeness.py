"""Every call is explained: recorded, lawfully not recorded with the reason, or missing with its gaps."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from recital_consent.decisions.completeness import completeness_of
from recital_consent.decisions.lines import extension_of, lines_meant
from recital_consent.model.calls import PartyKind
from recital_consent.model.completeness import Completeness, Outcome, StoredSpans
from recital_consent.model.drafts import PartyDraft
from recital_consent.model.tenants import LineKind

if TYPE_CHECKING:
    from services.consent.tests.conftest import Scene

ANSWER = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def found(scene: "Scene", *stored: tuple[float, float], due: bool = True, over: tuple[str, ...] = ()) -> Completeness:
    """What is said of a call an hour on, with what recordings hold of it in seconds since the answer."""
    held = tuple((round(start * 1000), round(end * 1000)) for start, end in stored)
    recordings = [StoredSpans(ANSWER, held)] if stored else []
    return completeness_of(scene.verdict(3600), recordings, over=over, tolerance_ms=2_000, due=due)


def test_a_call_goes_on_until_its_end_is_overdue(told: "Scene") -> None:
    assert found(told, due=False).outcome is Outcome.GOING_ON
    assert found(told, due=True).outcome is Outcome.UNENDED


def test_a_call_that_was_never_answered_is_not_recorded(bare: "Scene") -> None:
    scene = bare.but(answered_at=None).purpose("main").staff("agent").other("customer").then("ended", 20)
    assert found(scene) == Completeness(outcome=Outcome.NOT_RECORDED, reasons=("not_answered",))


def test_what_may_be_kept_is_waited_for_and_then_missing_with_its_gaps(told: "Scene") -> None:
    told.then("ended", 60)
    assert found(told, due=False) == Completeness(outcome=Outcome.WAITING, gaps=((0, 60_000),))
    assert found(told) == Completeness(outcome=Outcome.MISSING, gaps=((0, 60_000),))
    assert found(told, (0, 20), (30, 60)).gaps == ((20_000, 30_000),)


def test_two_seconds_may_be_wanting_in_all_and_no_more(told: "Scene") -> None:
    told.then("ended", 60)
    assert found(told, (1, 30), (31, 60)).outcome is Outcome.RECORDED
    short = found(told, (1, 30), (31, 59.9))
    assert (short.outcome, short.gaps) == (Outcome.MISSING, ((0, 1_000), (30_000, 31_000), (59_900, 60_000)))


def test_recordings_of_one_call_count_together_whatever_answer_they_counted_from(told: "Scene") -> None:
    told.then("ended", 60)
    legs = [StoredSpans(ANSWER, ((0, 30_000),)), StoredSpans(ANSWER + timedelta(seconds=30), ((0, 30_000),))]
    verdict = told.verdict(3600)
    assert completeness_of(verdict, legs, tolerance_ms=0, due=True).outcome is Outcome.RECORDED


def test_a_call_of_which_nothing_may_be_kept_is_lawfully_not_recorded(scene: "Scene") -> None:
    assert found(scene.then("ended", 60)) == Completeness(outcome=Outcome.NOT_RECORDED, reasons=("notice_missing",))


def test_a_call_that_became_private_after_its_end_is_lawfully_not_recorded(told: "Scene") -> None:
    said = found(told.then("ended", 60).then("marked_private", 61))
    assert (said.outcome, said.reasons) == (Outcome.NOT_RECORDED, ("marked_private",))


def test_a_call_whose_staff_left_at_once_has_nothing_to_keep(told: "Scene") -> None:
    said = found(told.then("left", 0, "agent").then("ended", 60))
    assert said.outcome is Outcome.NOT_RECORDED
    assert said.reasons


def test_a_call_shorter_than_what_may_be_wanting_has_nothing_to_keep(told: "Scene") -> None:
    assert found(told.then("ended", 1)) == Completeness(outcome=Outcome.NOT_RECORDED, reasons=("nothing_to_keep",))


def test_a_private_mark_before_the_end_explains_a_call_that_goes_on(told: "Scene") -> None:
    told.then("marked_private", 5)
    assert found(told, due=False) == Completeness(outcome=Outcome.NOT_RECORDED, reasons=("marked_private",))


def test_what_is_past_its_retention_is_not_waited_for(told: "Scene") -> None:
    told.then("ended", 60)
    assert found(told, over=("main",)) == Completeness(outcome=Outcome.NOT_RECORDED, reasons=("retention_over",))


# Lines that are never recorded.


def party(number: str | None = None, extension: str | None = None) -> PartyDraft:
    return PartyDraft(label="a", kind=PartyKind.STAFF, number=number, extension=extension)


def test_a_line_is_a_number_or_an_extension_and_a_short_number_is_both_ways() -> None:
    assert lines_meant(party(), "NL") == []
    assert lines_meant(party(number="+31 20 123 45 67"), "NL") == [(LineKind.NUMBER, "+31201234567")]
    assert lines_meant(party(number="1234"), "NL") == [(LineKind.EXTENSION, "1234")]
    assert (LineKind.EXTENSION, "0201234567") in lines_meant(party(number="020-1234567"), "NL")
    assert lines_meant(party(extension="12 34"), "NL") == [(LineKind.EXTENSION, "1234")]


@pytest.mark.parametrize("text", ["", "desk", "12a", "1" * 16])
def test_what_is_no_extension_is_none(text: str) -> None:
    assert extension_of(text) is None
