"""The tenant's window by its own clock, the limit on what moved lately, and who lets go what waits (R11)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recital_retention.decisions.approving import may_approve, may_propose
from recital_retention.decisions.pace import (
    MOVED_FOR,
    Window,
    day_starts,
    expected_end,
    is_open,
    last_opening,
    may_go,
    most_moved,
    opening,
    run_ends,
    run_of,
    waits_for_window,
)
from recital_retention.model import Ground

AMSTERDAM, UTC_ZONE = ZoneInfo("Europe/Amsterdam"), ZoneInfo("UTC")
NIGHTLY = Window(frozenset(), time(22), time(4))
SUNDAYS = Window(frozenset({7}), time(1), time(5))
MIDDAY = Window(frozenset({1, 2, 3, 4, 5}), time(12), time(13, 30))
ZONES = [ZoneInfo(name) for name in ("Europe/Amsterdam", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia")]


def local(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM, fold=fold)


@pytest.mark.parametrize(
    ("window", "at", "expected"),
    [
        (None, "2026-06-01T12:00", True),
        (NIGHTLY, "2026-06-01T21:59:59", False),
        (NIGHTLY, "2026-06-01T22:00", True),
        (NIGHTLY, "2026-06-02T03:59:59", True),
        (NIGHTLY, "2026-06-02T04:00", False),
        (SUNDAYS, "2026-06-07T01:00", True),
        (SUNDAYS, "2026-06-07T05:00", False),
        (SUNDAYS, "2026-06-08T02:00", False),
        (MIDDAY, "2026-06-05T13:29", True),
        (MIDDAY, "2026-06-06T12:30", False),
        # Past midnight, the weekday is that on which it opened.
        (Window(frozenset({6}), time(23), time(2)), "2026-06-07T01:00", True),
        (Window(frozenset({6}), time(23), time(2)), "2026-06-06T01:00", False),
        # The same time twice is the whole day from there.
        (Window(frozenset({1}), time(6), time(6)), "2026-06-02T05:59", True),
        (Window(frozenset({1}), time(6), time(6)), "2026-06-02T06:00", False),
        # The hour that exists twice, and the one that does not.
        (SUNDAYS, "2026-10-25T02:30", True),
        (SUNDAYS, "2026-03-29T03:00", True),
    ],
)
def test_a_window_opens_by_the_clock_on_the_tenants_wall(window: Window | None, at: str, expected: bool) -> None:
    assert is_open(window, local(at), AMSTERDAM) is expected
    assert is_open(window, local(at, fold=1).astimezone(UTC), AMSTERDAM) is expected


def test_the_same_moment_is_in_the_window_of_one_zone_and_not_of_another() -> None:
    at = datetime(2026, 6, 1, 21, tzinfo=UTC)
    assert is_open(NIGHTLY, at, AMSTERDAM)
    assert not is_open(NIGHTLY, at, UTC_ZONE)


@pytest.mark.parametrize(
    ("window", "now", "opens"),
    [
        (None, "2026-06-01T12:00", "2026-06-01T12:00"),
        (NIGHTLY, "2026-06-01T12:00", "2026-06-01T22:00"),
        (NIGHTLY, "2026-06-02T01:00", "2026-06-02T01:00"),
        (SUNDAYS, "2026-06-07T05:00", "2026-06-14T01:00"),
        (MIDDAY, "2026-06-05T14:00", "2026-06-08T12:00"),
        # It would open in the hour that does not exist, and then begins as the clock is put forward.
        (Window(frozenset({7}), time(2, 30), time(4)), "2026-03-28T12:00", "2026-03-29T03:30"),
    ],
)
def test_the_next_opening(window: Window | None, now: str, opens: str) -> None:
    assert opening(window, local(now), AMSTERDAM) == local(opens)


def test_a_window_that_lies_in_the_hour_that_does_not_exist_opens_a_week_later() -> None:
    odd = Window(frozenset({7}), time(2, 10), time(2, 50))
    assert opening(odd, local("2026-03-28T12:00"), AMSTERDAM) == local("2026-04-05T02:10")


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    st.frozensets(st.integers(1, 7)),
    st.times(),
    st.times(),
    st.sampled_from(ZONES),
)
def test_every_window_opens_within_a_fortnight_and_the_next_opening_is_in_it(
    now: datetime, weekdays: frozenset[int], starts: time, ends: time, zone: ZoneInfo
) -> None:
    window = Window(weekdays, starts.replace(second=0, microsecond=0), ends.replace(second=0, microsecond=0))
    opens = opening(window, now, zone)
    assert now <= opens <= now + timedelta(days=15)
    assert is_open(window, opens, zone) or opens == now
    assert last_opening(window, now, zone) <= now
    assert run_ends(window, now, zone) >= opens or is_open(window, now, zone)


def test_a_run_past_midnight_is_that_of_the_day_it_began() -> None:
    assert run_of(NIGHTLY, local("2026-06-02T03:00"), AMSTERDAM) == date(2026, 6, 1)
    assert run_of(NIGHTLY, local("2026-06-02T22:00"), AMSTERDAM) == date(2026, 6, 2)
    assert run_of(None, local("2026-06-02T03:00"), AMSTERDAM) == date(2026, 6, 2)
    assert run_of(MIDDAY, local("2026-06-02T03:00"), AMSTERDAM) == date(2026, 6, 2)


def test_when_tonight_is_over() -> None:
    assert run_ends(None, local("2026-06-01T12:00"), AMSTERDAM) == local("2026-06-02T00:00")
    assert run_ends(NIGHTLY, local("2026-06-01T12:00"), AMSTERDAM) == local("2026-06-02T04:00")
    assert run_ends(NIGHTLY, local("2026-06-02T03:00"), AMSTERDAM) == local("2026-06-02T04:00")
    assert run_ends(MIDDAY, local("2026-06-05T14:00"), AMSTERDAM) == local("2026-06-08T13:30")
    assert day_starts(date(2026, 3, 29), AMSTERDAM) == local("2026-03-29T00:00")


def test_when_a_window_opened_last() -> None:
    assert last_opening(SUNDAYS, local("2026-06-13T12:00"), AMSTERDAM) == local("2026-06-07T01:00")
    assert last_opening(SUNDAYS, local("2026-06-14T01:00"), AMSTERDAM) == local("2026-06-14T01:00")


def test_only_what_time_ended_waits_for_a_window() -> None:
    waiting = {ground for ground in Ground if waits_for_window(ground)}
    assert waiting == {Ground.RETENTION_ENDED, Ground.NO_LONGER_NEEDED}


@pytest.mark.parametrize(("living", "most"), [(0, 1000), (100_000, 1000), (100_100, 1001), (10_000_000, 100_000)])
def test_a_run_may_destroy_one_percent_of_the_tenant_or_a_thousand_that_moved(living: int, most: int) -> None:
    assert most_moved(living) == most


@pytest.mark.parametrize(("gone", "due", "go"), [(0, 1000, True), (0, 1001, False), (999, 1, True), (1000, 1, False)])
def test_what_went_in_the_run_counts(gone: int, due: int, go: bool) -> None:
    assert may_go(gone=gone, due=due, most=1000) is go


def nights(living: int, due: Sequence[int], moved: Sequence[int]) -> int:
    """Walk nights of ordinary expiry and of moved ends, and return how many need a second person."""
    return sum(not may_go(gone=0, due=a_night, most=most_moved(living)) for _, a_night in zip(due, moved, strict=True))


def test_a_tenant_with_thirty_days_and_a_hundred_thousand_recordings_runs_sixty_nights_without_an_approval() -> None:
    # 3,333 come and go each night. None of them moved: that is what is counted, whatever the number that expires.
    assert nights(100_000, [3_333] * 60, [0] * 60) == 0
    assert nights(100_000, [3_333] * 60, [0] * 59 + [1_001]) == 1


def test_a_moved_end_counts_for_seven_days() -> None:
    assert timedelta(days=7) == MOVED_FOR


def test_when_what_is_left_will_be_done() -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    assert expected_end(0, 0, now) == now
    assert expected_end(100, 0, now) is None
    assert expected_end(100, 10, now) == now + timedelta(seconds=10)


def test_who_proposes_cannot_approve() -> None:
    def code(reason: object) -> str | None:
        return getattr(reason, "code", None)

    assert code(may_propose(closed=False, proposed=False)) is None
    assert code(may_propose(closed=True, proposed=False)) == "nothing_waits"
    assert code(may_propose(closed=False, proposed=True)) == "proposed_before"
    assert code(may_approve("one", "two", closed=False)) is None
    assert code(may_approve("one", "one", closed=False)) == "second_person_needed"
    assert code(may_approve(None, "two", closed=False)) == "not_proposed"
    assert code(may_approve("one", "two", closed=True)) == "nothing_waits"
