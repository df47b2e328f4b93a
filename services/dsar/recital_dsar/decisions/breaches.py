"""What a data breach obliges to, and by when: AVG art. 33 and 34 (R25).

The 72 hours are hours: unlike days (R16) they pass through weekends and holidays (Regulation 1182/71 art. 3(4)).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

REPORT_WITHIN = timedelta(hours=72)


class Risk(StrEnum):
    """What a breach may mean for the people whose data it was, as an officer judges it."""

    UNLIKELY = "unlikely"
    RISK = "risk"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Breach:
    """A breach as it stands: since when it is known, its risk, and whether what leaked is of no use to anybody.

    `unreadable`: it was encrypted, and the keys, which lie apart (R24), are safe.
    """

    aware_at: datetime
    risk: Risk
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Duties:
    """Whom to tell: the authority by an instant (None: not at all), the people, and why the people need not be told.

    `explain_delay`: the report goes out later than it should, and says why (art. 33(1)).
    """

    report_by: datetime | None
    explain_delay: bool
    tell_people: bool
    exempt: str | None = None


def duties(breach: Breach, *, now: datetime) -> Duties:
    """Return what must be done of a breach. One without likely risk is only documented (art. 33(1), 33(5))."""
    if breach.risk is Risk.UNLIKELY:
        return Duties(None, explain_delay=False, tell_people=False)
    report_by = breach.aware_at + REPORT_WITHIN
    high = breach.risk is Risk.HIGH
    return Duties(
        report_by,
        explain_delay=now > report_by,
        tell_people=high and not breach.unreadable,
        exempt="34(3)(a)" if high and breach.unreadable else None,
    )
