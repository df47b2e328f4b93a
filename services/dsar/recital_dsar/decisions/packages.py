"""How long a package is kept: the tenant's own time, or the house's (P30D)."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from recital_dsar.model import TenantFacts

_DURATION = re.compile(
    r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII
)


def end_of_package(made_at: datetime, facts: TenantFacts, otherwise: timedelta) -> datetime:
    """Return the instant at which a package made now ends: calendar time in the tenant's zone.

    What the tenant set was checked where it was set; a text that is no duration counts as not set.
    """
    found = _DURATION.fullmatch(facts.package_retention or "")
    if found is None:
        return made_at + otherwise
    years, months, weeks, days, hours, minutes, seconds = (int(each or 0) for each in found.groups())
    calendar = relativedelta(years=years, months=months, weeks=weeks, days=days)
    local = made_at.astimezone(ZoneInfo(facts.time_zone)) + calendar
    return local.astimezone(made_at.tzinfo) + timedelta(hours=hours, minutes=minutes, seconds=seconds)
