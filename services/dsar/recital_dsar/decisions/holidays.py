"""Public holidays as data, per country and region: the days on which no statutory period may end (R16).

A day is `agreed` when every list of the country has it. The others are disputed (some lists have them) or regional.
Days equated by a yearly decree are not listed: a list without them gives the earlier date, which is the safe one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from dateutil.easter import easter

from recital_dsar.model import CalendarGap

Rule = Callable[[int], date]


@dataclass(frozen=True, slots=True)
class Holiday:
    """One day a year. `gap` says why some list may lack it; `regions` are the regions that have it (none: all)."""

    name: str
    on: Rule
    gap: CalendarGap | None = None
    regions: frozenset[str] = field(default_factory=frozenset)


def _fixed(month: int, day: int) -> Rule:
    return lambda year: date(year, month, day)


def _after_easter(days: int) -> Rule:
    return lambda year: easter(year) + timedelta(days)


def _kings_day(year: int) -> date:
    # The King's birthday, 27 April; kept on the day before when that is a Sunday.
    day = date(year, 4, 27)
    return day - timedelta(1) if day.weekday() == 6 else day


def _repentance_day(year: int) -> date:
    # The Wednesday before 23 November.
    day = date(year, 11, 22)
    return day - timedelta((day.weekday() - 2) % 7)


def _in(name: str, on: Rule, *regions: str) -> Holiday:
    return Holiday(name, on, CalendarGap.REGIONAL, frozenset(regions))


NEW_YEAR = Holiday("New Year's Day", _fixed(1, 1))
EASTER_MONDAY = Holiday("Easter Monday", _after_easter(1))
ASCENSION = Holiday("Ascension Day", _after_easter(39))
WHIT_MONDAY = Holiday("Whit Monday", _after_easter(50))
LABOUR_DAY = Holiday("Labour Day", _fixed(5, 1))
CHRISTMAS = Holiday("Christmas Day", _fixed(12, 25))
SECOND_CHRISTMAS = Holiday("Second Christmas Day", _fixed(12, 26))
GOOD_FRIDAY = _after_easter(-2)

HOLIDAYS: Mapping[str, tuple[Holiday, ...]] = {
    # Algemene termijnenwet art. 3: Good Friday is only equated, and 5 May is a day off for most in lustrum years only.
    "NL": (
        NEW_YEAR,
        Holiday("Good Friday", GOOD_FRIDAY, CalendarGap.DISPUTED),
        EASTER_MONDAY,
        Holiday("King's Day", _kings_day),
        Holiday("Liberation Day", _fixed(5, 5), CalendarGap.DISPUTED),
        ASCENSION,
        WHIT_MONDAY,
        CHRISTMAS,
        SECOND_CHRISTMAS,
    ),
    # Loi du 4 janvier 1974, arrêté royal du 18 avril 1974 art. 1.
    "BE": (
        NEW_YEAR,
        EASTER_MONDAY,
        LABOUR_DAY,
        ASCENSION,
        WHIT_MONDAY,
        Holiday("National Day", _fixed(7, 21)),
        Holiday("Assumption", _fixed(8, 15)),
        Holiday("All Saints", _fixed(11, 1)),
        Holiday("Armistice", _fixed(11, 11)),
        CHRISTMAS,
        _in("Flemish Community", _fixed(7, 11), "VLG"),
        _in("French Community", _fixed(9, 27), "WAL"),
        _in("German-speaking Community", _fixed(11, 15), "DG"),
        _in("Iris Day", _fixed(5, 8), "BRU"),
    ),
    # The nine days of every Land, and those of some.
    "DE": (
        NEW_YEAR,
        Holiday("Good Friday", GOOD_FRIDAY),
        EASTER_MONDAY,
        LABOUR_DAY,
        ASCENSION,
        WHIT_MONDAY,
        Holiday("German Unity Day", _fixed(10, 3)),
        CHRISTMAS,
        SECOND_CHRISTMAS,
        _in("Epiphany", _fixed(1, 6), "BW", "BY", "ST"),
        _in("Women's Day", _fixed(3, 8), "BE", "MV"),
        _in("Corpus Christi", _after_easter(60), "BW", "BY", "HE", "NW", "RP", "SL"),
        _in("Assumption", _fixed(8, 15), "BY", "SL"),
        _in("Children's Day", _fixed(9, 20), "TH"),
        _in("Reformation Day", _fixed(10, 31), "BB", "HB", "HH", "MV", "NI", "SN", "ST", "SH", "TH"),
        _in("All Saints", _fixed(11, 1), "BW", "BY", "NW", "RP", "SL"),
        _in("Repentance Day", _repentance_day, "SN"),
    ),
}


@lru_cache(maxsize=1024)
def legal_holidays(country: str, region: str | None, year: int) -> frozenset[date]:
    """Return the tenant's list of a year: the country's days with the disputed ones, and those of its region.

    A country we have no list for has none: that gives the earlier date. A region may bear its country before it, as in
    ISO 3166-2: `DE-BY`.
    """
    here = (region or "").removeprefix(f"{country}-")
    return frozenset(
        holiday.on(year)
        for holiday in HOLIDAYS.get(country, ())
        if holiday.gap is not CalendarGap.REGIONAL or here in holiday.regions
    )


@lru_cache(maxsize=1024)
def agreed_holidays(country: str, year: int) -> frozenset[date]:
    """Return the days that every list of the country has: fewer days off, so the earliest date a period can end."""
    return frozenset(holiday.on(year) for holiday in HOLIDAYS.get(country, ()) if holiday.gap is None)
