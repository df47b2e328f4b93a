"""What a hold takes effect on, what it comes too late for, who may end it, and when a review date makes no sense."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from recital_retention.decisions.holds import Found, may_hold, may_release, review_too_early
from recital_retention.model import HoldingState

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LIVING = Found(UUID(int=1), HoldingState.RETAINED, None)
KEPT = Found(UUID(int=2), HoldingState.DUE, None)
GONE = Found(UUID(int=3), HoldingState.ORDERING, NOW)


def code(found: list[Found], *, listed: bool = False, future: bool = False) -> str | None:
    verdict = may_hold(found, listed=listed, future=future)
    return None if verdict.refused is None else verdict.refused.code


def test_a_hold_takes_effect_on_what_lives_also_beyond_its_time() -> None:
    verdict = may_hold([LIVING, KEPT], listed=True, future=False)
    assert (verdict.recordings, dict(verdict.too_late), verdict.refused) == ((UUID(int=1), UUID(int=2)), {}, None)


def test_a_list_is_held_whole_or_not_at_all() -> None:
    assert code([LIVING, GONE], listed=True) == "deletion_began"
    assert may_hold([LIVING, GONE], listed=True, future=False).too_late == {UUID(int=3): NOW}


def test_a_hold_by_call_or_person_holds_the_rest_and_says_what_it_missed() -> None:
    verdict = may_hold([LIVING, GONE], listed=False, future=False)
    assert (verdict.recordings, dict(verdict.too_late)) == ((UUID(int=1),), {UUID(int=3): NOW})


def test_a_hold_on_nothing_is_refused_with_the_reason_unless_something_may_come() -> None:
    assert code([]) == "nothing_to_hold"
    assert code([GONE]) == "deletion_began"
    assert code([], future=True) is None
    assert code([GONE], future=True) is None


@pytest.mark.parametrize(
    ("by", "released", "for_another", "remembered", "expected"),
    [
        ("one", False, False, False, None),
        ("two", False, False, False, "hold_of_another"),
        ("two", False, True, False, None),
        ("two", False, False, True, None),
        ("one", True, False, False, "hold_released"),
        ("two", True, True, False, "hold_released"),
    ],
)
def test_who_may_end_a_hold(by: str, released: bool, for_another: bool, remembered: bool, expected: str | None) -> None:
    refused = may_release("one", by, released=released, for_another=for_another, remembered=remembered)
    assert (refused and refused.code) == expected


@pytest.mark.parametrize(("day", "early"), [(29, True), (30, True), (31, False)])
def test_a_review_date_has_passed_when_it_has_everywhere_on_earth(day: int, early: bool) -> None:
    assert review_too_early(date(2026, 5, day), NOW) is early
    assert not review_too_early(date(2026, 6, 1), NOW)
