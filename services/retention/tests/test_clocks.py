"""When a clock ends: calendar arithmetic, month ends, leap days, and the two nights a year that are odd (R11)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recital_errors import Malformed
from recital_retention.decisions.clocks import clock_due_at, due_at, ending, read_duration, running
from recital_retention.decisions.ends import (
    end_of_package,
    end_of_recording,
    end_of_request_file,
    end_of_unrecorded_call,
)
from recital_retention.model import CalendarDuration, Clock, Retention

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
ZONES = [
    ZoneInfo(name) for name in ("Europe/Amsterdam", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "UTC")
]
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
DURATIONS = st.builds(CalendarDuration, st.integers(0, 1000), st.integers(0, 800), st.integers(0, 200_000)).filter(
    lambda each: each != CalendarDuration(0, 0, 0)
)


def local(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM, fold=fold)


def after(start: str, duration: str) -> datetime:
    return due_at(local(start), read_duration(duration), AMSTERDAM).astimezone(AMSTERDAM)


@pytest.mark.parametrize(
    ("start", "duration", "due"),
    [
        ("2026-01-31T10:00", "P1M", "2026-02-28T10:00"),
        ("2028-01-31T10:00", "P1M", "2028-02-29T10:00"),
        ("2028-02-29T10:00", "P1Y", "2029-02-28T10:00"),
        ("2028-02-29T10:00", "P4Y", "2032-02-29T10:00"),
        ("2026-08-31T23:59:59", "P6M", "2027-02-28T23:59:59"),
        ("2026-12-31T00:00", "P2M", "2027-02-28T00:00"),
        ("2026-11-24T10:00", "P6M", "2027-05-24T10:00"),
        ("2026-01-31T10:00", "P1M1D", "2026-03-01T10:00"),
        ("2026-03-10T10:00", "P2W", "2026-03-24T10:00"),
    ],
)
def test_the_day_is_clipped_to_the_months_end_in_the_tenants_zone(start: str, duration: str, due: str) -> None:
    assert after(start, duration) == local(due)


def test_a_calendar_day_over_the_change_to_summer_time_keeps_the_wall_clock() -> None:
    assert due_at(local("2026-03-28T12:00"), read_duration("P1D"), AMSTERDAM) == datetime(2026, 3, 29, 10, tzinfo=UTC)


def test_twenty_four_hours_over_the_change_to_summer_time_are_elapsed_time() -> None:
    assert due_at(local("2026-03-28T12:00"), read_duration("PT24H"), AMSTERDAM) == datetime(2026, 3, 29, 11, tzinfo=UTC)


def test_a_local_time_that_does_not_exist_becomes_the_later_instant() -> None:
    assert due_at(local("2026-03-28T02:30"), read_duration("P1D"), AMSTERDAM) == datetime(
        2026, 3, 29, 1, 30, tzinfo=UTC
    )


def test_a_local_time_that_exists_twice_becomes_the_later_instant() -> None:
    assert due_at(local("2026-10-24T02:30"), read_duration("P1D"), AMSTERDAM) == datetime(
        2026, 10, 25, 1, 30, tzinfo=UTC
    )


def test_the_tenants_zone_decides_which_day_it_was() -> None:
    start = datetime(2026, 1, 30, 23, 30, tzinfo=UTC)  # the 31st in Amsterdam
    assert due_at(start, read_duration("P1M"), AMSTERDAM) == datetime(2026, 2, 27, 23, 30, tzinfo=UTC)
    assert due_at(start, read_duration("P1M"), ZoneInfo("UTC")) == datetime(2026, 2, 28, 23, 30, tzinfo=UTC)


@given(INSTANTS, DURATIONS, st.sampled_from(ZONES))
def test_a_clock_ends_after_its_start_and_within_an_hour_of_its_local_moment(
    start: datetime, duration: CalendarDuration, zone: ZoneInfo
) -> None:
    due = due_at(start, duration, zone)
    assert due.tzinfo is UTC
    assert due > start - timedelta(days=1)
    wall = (due - timedelta(seconds=duration.seconds)).astimezone(zone).replace(tzinfo=None)
    clock = start.astimezone(zone).replace(tzinfo=None)
    shift = timedelta(hours=wall.hour - clock.hour, minutes=wall.minute - clock.minute)
    assert abs(shift) in (timedelta(), timedelta(hours=1), timedelta(minutes=30), timedelta(hours=23)) or abs(
        shift
    ) >= timedelta(hours=23)


@given(INSTANTS, INSTANTS, st.integers(1, 120), st.sampled_from(ZONES))
def test_a_later_call_is_never_due_before_an_earlier_one_beyond_the_odd_hour(
    one: datetime, other: datetime, months: int, zone: ZoneInfo
) -> None:
    earlier, later = sorted((one, other))
    duration = CalendarDuration(months, 0, 0)
    assert due_at(earlier, duration, zone) - due_at(later, duration, zone) <= timedelta(hours=1)


@given(INSTANTS, st.integers(1, 600), st.integers(1, 600), st.sampled_from(ZONES))
def test_a_longer_retention_is_never_due_earlier(start: datetime, one: int, other: int, zone: ZoneInfo) -> None:
    shorter, longer = sorted((one, other))
    assert due_at(start, CalendarDuration(shorter, 0, 0), zone) <= due_at(start, CalendarDuration(longer, 0, 0), zone)


@given(INSTANTS, st.integers(1, 600), st.sampled_from(ZONES))
def test_months_end_in_the_month_they_name(start: datetime, months: int, zone: ZoneInfo) -> None:
    began = start.astimezone(zone)
    ended = due_at(start, CalendarDuration(months, 0, 0), zone).astimezone(zone)
    assert (ended.year * 12 + ended.month) - (began.year * 12 + began.month) == months
    assert ended.day <= began.day or ended.day == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P6M", CalendarDuration(6, 0, 0)),
        ("P1Y2M3W4DT5H6M7S", CalendarDuration(14, 25, 18_367)),
        ("PT1S", CalendarDuration(0, 0, 1)),
        ("P100Y", CalendarDuration(1200, 0, 0)),
    ],
)
def test_durations_are_read(text: str, expected: CalendarDuration) -> None:
    if text == "P100Y":
        with pytest.raises(Malformed, match="duration_absurd"):
            read_duration(text)
    else:
        assert read_duration(text) == expected


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1MT", "-P1M", "P-1M", "6M", "P1.5M", "P1M ", "P1D1M", "p1m", "P" + "1" * 40 + "Y"]
)
def test_other_texts_are_no_duration(text: str) -> None:
    with pytest.raises(Malformed, match="duration_malformed"):
        read_duration(text)


@pytest.mark.parametrize("text", ["P0D", "PT0S", "P101Y", "P40000D", "P9999999M", "PT9999999999H"])
def test_nothing_and_more_than_a_century_are_absurd(text: str) -> None:
    with pytest.raises(Malformed, match="duration_absurd"):
        read_duration(text)


def retention(version: int, text: str) -> Retention:
    return Retention(version, read_duration(text))


def test_a_shorter_retention_published_later_applies_to_what_exists() -> None:
    start = local("2026-01-10T10:00")
    assert clock_due_at(start, retention(1, "P6M"), [retention(2, "P3M")], AMSTERDAM) == local("2026-04-10T10:00")


def test_a_longer_retention_published_later_does_not() -> None:
    start = local("2026-01-10T10:00")
    assert clock_due_at(start, retention(1, "P6M"), [retention(2, "P1Y")], AMSTERDAM) == local("2026-07-10T10:00")


def test_a_shorter_retention_that_came_before_the_notice_does_not_count() -> None:
    start = local("2026-01-10T10:00")
    assert clock_due_at(start, retention(2, "P6M"), [retention(1, "P1M")], AMSTERDAM) == local("2026-07-10T10:00")


def clock(due: datetime, expired: datetime | None = None) -> Clock:
    return Clock(UUID(int=1), UUID(int=2), "contract", 1, due - timedelta(days=30), due, expired)


def test_a_clock_is_over_at_the_instant_it_is_due_and_not_a_moment_before() -> None:
    due = local("2026-04-10T10:00")
    assert ending([clock(due)], due) == [clock(due)]
    assert ending([clock(due)], due - timedelta(microseconds=1)) == []


def test_clocks_that_ended_neither_run_nor_end_again() -> None:
    due = local("2026-04-10T10:00")
    later = clock(due + timedelta(days=1))
    assert running([later, clock(due), clock(due, expired=due)]) == [clock(due), later]
    assert ending([clock(due, expired=due)], due) == []


def test_a_recording_ends_with_its_last_clock_and_has_no_end_without_one() -> None:
    due = local("2026-04-10T10:00")
    assert end_of_recording([clock(due), clock(due + timedelta(days=1))]) == due + timedelta(days=1)
    assert end_of_recording([]) is None


def test_a_call_never_recorded_ends_a_month_after_the_later_of_registration_and_end() -> None:
    registered, ended = local("2026-01-31T10:00"), local("2026-02-01T09:00")
    assert end_of_unrecorded_call(registered, None, AMSTERDAM) == local("2026-02-28T10:00")
    assert end_of_unrecorded_call(registered, ended, AMSTERDAM) == local("2026-03-01T09:00")
    assert end_of_unrecorded_call(ended, registered, AMSTERDAM) == local("2026-03-01T09:00")


def test_a_closed_request_file_is_kept_two_years() -> None:
    assert end_of_request_file(local("2028-02-29T10:00"), AMSTERDAM) == local("2030-02-28T10:00")


def test_a_package_ends_as_said_but_not_later_than_thirty_days() -> None:
    made = local("2026-03-01T10:00")
    assert end_of_package(made, None, AMSTERDAM) == local("2026-03-31T10:00")
    assert end_of_package(made, local("2026-03-05T10:00"), AMSTERDAM) == local("2026-03-05T10:00")
    assert end_of_package(made, local("2027-03-05T10:00"), AMSTERDAM) == local("2026-03-31T10:00")
