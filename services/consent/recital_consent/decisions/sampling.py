"""Which calls of a sampled purpose are drawn (R19): a share of them, by a keyed digest that anyone with the key can
work out again; the cap per member of staff and month is counted where it is kept.
"""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from recital_consent.model.purposes import Sample

_BYTES = 8
_WHOLE = 1 << (8 * _BYTES)


def is_candidate(digest: bytes, *, share_percent: int) -> bool:
    """Whether a call belongs to the share, by the keyed digest of its name: as good as random, and the same again."""
    return int.from_bytes(digest[:_BYTES], "big") * 100 < share_percent * _WHOLE


def month_of(registered_at: datetime, time_zone: str) -> date:
    """Return the first day of the month in which a call counts, in the tenant's time."""
    return registered_at.astimezone(ZoneInfo(time_zone)).date().replace(day=1)


def within_caps(samples: Mapping[UUID, Sample], drawn: Mapping[tuple[UUID, UUID], int]) -> set[UUID]:
    """Return the purposes under whose cap every member of staff in the call still is.

    `drawn`: per purpose and member of staff, how many calls were drawn this month.
    """
    return {
        purpose
        for purpose, sample in samples.items()
        if all(count < sample.cap_per_month for (of, _), count in drawn.items() if of == purpose)
    }
