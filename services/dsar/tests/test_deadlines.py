"""The deadlines of Regulation 1182/71: the table of cases, the lists of holidays, and what holds for every date."""

from datetime import UTC, date, datetime, timedelta

import holidays as published
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recital_dsar.decisions.deadlines import days_left, deadlines, end_of, in_time, local_day, paused_days, rolled
from recital_dsar.decisions.holidays import HOLIDAYS, agreed_holidays, legal_holidays
from recital_dsar.model import CalendarGap

AMSTERDAM = "Europe/Amsterdam"
DATES = st.dates(date(2020, 1, 1), date(2090, 12, 31))
COUNTRIES = st.sampled_from(["NL", "BE", "DE", "XX"])


@pytest.mark.parametrize(
    ("received", "naive", "due", "extended"),
    [
        (date(2026, 11, 25), date(2026, 12, 25), date(2026, 12, 28), date(2027, 2, 25)),
        (date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 4), date(2027, 3, 1)),
        (date(2027, 1, 31), date(2027, 3, 2), date(2027, 3, 1), date(2027, 4, 30)),
        (date(2027, 2, 28), date(2027, 3, 30), date(2027, 3, 30), date(2027, 5, 28)),
        (date(2027, 3, 27), date(2027, 4, 26), date(2027, 4, 28), date(2027, 6, 28)),
    ],
    ids=["christmas", "new year", "no 31 february", "easter", "kings day"],
)
def test_the_legal_dates_of_the_dutch_table(received: date, naive: date, due: date, extended: date) -> None:
    assert naive == received + timedelta(30)
    dates = deadlines(received, country="NL")
    assert (dates.due_on, dates.extended_due_on) == (due, extended)


def test_the_extension_counts_from_receipt_and_its_alarm_takes_the_earlier_reading() -> None:
    dates = deadlines(date(2027, 1, 31), country="NL")
    assert (dates.extended_due_on, dates.extension_alarm_on) == (date(2027, 4, 30), date(2027, 4, 28))


def test_good_friday_moves_the_legal_date_but_not_the_alarm() -> None:
    dates = deadlines(date(2027, 2, 26), country="NL")
    assert (dates.due_on, dates.alarm_on) == (date(2027, 3, 30), date(2027, 3, 26))


def test_liberation_day_moves_the_legal_date_but_not_the_alarm() -> None:
    dates = deadlines(date(2027, 4, 5), country="NL")
    # 5 May 2027 is the day before Ascension Day, so the legal period ends on Friday 7 May.
    assert (dates.due_on, dates.alarm_on) == (date(2027, 5, 7), date(2027, 5, 5))


def test_a_regional_day_counts_in_its_region_only_and_never_for_the_alarm() -> None:
    received = date(2026, 12, 6)
    bavaria = deadlines(received, country="DE", region="BY")
    assert (bavaria.due_on, bavaria.alarm_on) == (date(2027, 1, 7), date(2027, 1, 6))
    assert deadlines(received, country="DE", region="BE").due_on == date(2027, 1, 6)


def test_belgium_has_its_own_days() -> None:
    assert deadlines(date(2027, 6, 21), country="BE").due_on == date(2027, 7, 22)
    assert deadlines(date(2027, 6, 21), country="NL").due_on == date(2027, 7, 21)


def test_a_country_without_a_list_gets_the_earlier_date() -> None:
    dates = deadlines(date(2026, 11, 25), country="XX")
    assert (dates.due_on, dates.alarm_on) == (date(2026, 12, 25), date(2026, 12, 25))


def test_doubt_about_identity_moves_both_dates_before_they_roll() -> None:
    dates = deadlines(date(2026, 11, 25), country="NL", paused=3)
    assert (dates.due_on, dates.extended_due_on) == (date(2026, 12, 28), date(2027, 3, 1))
    assert deadlines(date(2026, 11, 25), country="NL", paused=4).due_on == date(2026, 12, 29)


def test_only_whole_days_between_question_and_answer_stop_the_period() -> None:
    asked = datetime(2027, 3, 1, 22, 30, tzinfo=UTC)
    assert paused_days(asked, datetime(2027, 3, 1, 22, 59, tzinfo=UTC), AMSTERDAM) == 0
    # 23:30 UTC is the next day in Amsterdam.
    assert paused_days(asked, datetime(2027, 3, 1, 23, 30, tzinfo=UTC), AMSTERDAM) == 1
    assert paused_days(asked, asked - timedelta(days=2), AMSTERDAM) == 0


def test_the_day_of_receipt_is_the_tenants_local_day_at_any_hour() -> None:
    assert local_day(datetime(2026, 11, 24, 23, 30, tzinfo=UTC), AMSTERDAM) == date(2026, 11, 25)
    assert local_day(datetime(2026, 6, 24, 21, 59, 59, tzinfo=UTC), AMSTERDAM) == date(2026, 6, 24)


@pytest.mark.parametrize(
    ("day", "ends_at"),
    [
        (date(2026, 12, 28), datetime(2026, 12, 28, 23, tzinfo=UTC)),
        (date(2027, 6, 28), datetime(2027, 6, 28, 22, tzinfo=UTC)),
        (date(2027, 3, 28), datetime(2027, 3, 28, 22, tzinfo=UTC)),
        (date(2027, 10, 31), datetime(2027, 10, 31, 23, tzinfo=UTC)),
    ],
    ids=["winter", "summer", "the clock goes forward", "the clock goes back"],
)
def test_a_period_ends_at_24_hours_local_and_an_answer_then_is_late(day: date, ends_at: datetime) -> None:
    assert end_of(day, AMSTERDAM) == ends_at
    assert in_time(ends_at - timedelta(microseconds=1), day, AMSTERDAM)
    assert not in_time(ends_at, day, AMSTERDAM)


def test_the_internal_target_is_ten_days_and_never_after_the_alarm() -> None:
    assert deadlines(date(2026, 11, 25), country="NL").internal_target_on == date(2026, 12, 5)
    late = deadlines(date(2026, 11, 25), country="NL", internal_target_days=90)
    assert late.internal_target_on == late.alarm_on


def test_days_left_are_counted_in_the_tenants_zone() -> None:
    assert days_left(date(2026, 12, 28), datetime(2026, 12, 27, 22, 59, tzinfo=UTC), AMSTERDAM) == 1
    assert days_left(date(2026, 12, 28), datetime(2026, 12, 27, 23, 0, tzinfo=UTC), AMSTERDAM) == 0
    assert days_left(date(2026, 12, 28), datetime(2026, 12, 29, 12, 0, tzinfo=UTC), AMSTERDAM) == -1


@pytest.mark.parametrize("year", range(2024, 2046))
def test_kings_day_is_kept_on_saturday_when_it_falls_on_sunday(year: int) -> None:
    kept = next(day for day in legal_holidays("NL", None, year) if day.month == 4 and day.day in (26, 27))
    assert kept == date(year, 4, 26 if date(year, 4, 27).weekday() == 6 else 27) or kept in (
        # Easter Monday may fall on the same days.
        agreed_holidays("NL", year)
    )


@pytest.mark.parametrize("year", range(2024, 2036))
@pytest.mark.parametrize(("country", "region"), [("NL", None), ("BE", None), ("DE", None), ("DE", "BY"), ("DE", "SN")])
def test_our_lists_agree_with_the_published_ones(country: str, region: str | None, year: int) -> None:
    theirs = {
        day
        for day, name in published.country_holidays(country, subdiv=region, years=year, language="en_US").items()
        # Sundays never end a period anyway; lists name them or not.
        if day.weekday() < 6
    }
    ours = {day for day in legal_holidays(country, region, year) if day.weekday() < 6}
    disputed = {holiday.on(year) for holiday in HOLIDAYS[country] if holiday.gap is CalendarGap.DISPUTED}
    # Augsburg and communes with a Catholic majority only, in Bavaria: the list of a region is not that fine.
    local = {date(year, 8, 15)} if region == "BY" else set()
    assert ours - theirs <= disputed | local
    assert theirs - ours == set()


@given(received=DATES, country=COUNTRIES, region=st.sampled_from([None, "BY", "SN", "VLG"]), paused=st.integers(0, 60))
def test_every_due_date_is_a_working_day_at_or_after_the_alarm(
    received: date, country: str, region: str | None, paused: int
) -> None:
    dates = deadlines(received, country=country, region=region, paused=paused)
    for day in (dates.due_on, dates.extended_due_on):
        assert day.weekday() < 5
        assert day not in legal_holidays(country, region, day.year)
    assert received < dates.internal_target_on <= dates.alarm_on <= dates.due_on < dates.extended_due_on
    assert dates.extension_alarm_on <= dates.extended_due_on


@given(received=DATES, country=COUNTRIES)
def test_a_month_is_never_shortened_and_rolls_a_week_at_most(received: date, country: str) -> None:
    due = deadlines(received, country=country).due_on
    assert timedelta(28) <= due - received <= timedelta(31 + 7)


@given(received=DATES, country=COUNTRIES)
def test_a_later_receipt_is_never_due_earlier(received: date, country: str) -> None:
    today, tomorrow = (deadlines(received + timedelta(n), country=country) for n in (0, 1))
    assert today.due_on <= tomorrow.due_on
    assert today.extended_due_on <= tomorrow.extended_due_on


@given(received=DATES, country=COUNTRIES, paused=st.integers(0, 60))
def test_a_pause_never_brings_a_date_forward(received: date, country: str, paused: int) -> None:
    plain, paused_dates = (deadlines(received, country=country, paused=days) for days in (0, paused))
    assert plain.due_on <= paused_dates.due_on
    assert plain.extended_due_on <= paused_dates.extended_due_on


@given(day=DATES)
def test_rolling_passes_over_days_off_only(day: date) -> None:
    off = legal_holidays("NL", None, day.year) | legal_holidays("NL", None, day.year + 1)
    end = rolled(day, off.__contains__)
    passed = [day + timedelta(n) for n in range((end - day).days)]
    assert all(each.weekday() >= 5 or each in off for each in passed)
    assert end.weekday() < 5
    assert end not in off
