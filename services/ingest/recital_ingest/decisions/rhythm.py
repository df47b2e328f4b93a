"""How often stored audio is read back, and how much of the store's time that may take."""

import re
from datetime import timedelta

_DURATION = re.compile(
    r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_DAYS = {"years": 365, "months": 30, "weeks": 7, "days": 1}
SHORTEST = timedelta(days=1)
LONGEST = timedelta(days=3_650)


def every(stated: str | None, default: timedelta) -> timedelta:
    """Return a tenant's rhythm (an ISO 8601 duration; a month is 30 days here), between a day and ten years."""
    match = _DURATION.fullmatch(stated or "")
    if match is None:
        return default
    said = {name: int(value) for name, value in match.groupdict(default="0").items()}
    days = sum(said.pop(name) * length for name, length in _DAYS.items())
    return min(max(timedelta(days=min(days, LONGEST.days), **said), SHORTEST), LONGEST)


def pause_after(took: float, *, share: float) -> float:
    """Return how many seconds to leave the store alone after reading from it for so many; 0 < share <= 1."""
    return took * (1 - share) / share
