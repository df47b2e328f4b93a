"""Which calls of a sampled purpose are drawn (R19): a share of them, by a keyed digest that anyone with the key can
work out again; the cap per member of staff and month is counted where it is kept.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from recital_consent.model.calls import Call, Party
from recital_consent.model.purposes import Sample

_BYTES = 8
_WHOLE = 1 << (8 * _BYTES)


def is_candidate(digest: bytes, *, share_percent: int) -> bool:
    """Whether a call belongs to the share, by the keyed digest of its name: as good as random, and the same again."""
    return int.from_bytes(digest[:_BYTES], "big") * 100 < share_percent * _WHOLE


def month_of(registered_at: datetime, time_zone: str) -> date:
    """Return the first day of the month in which a call counts, in the tenant's time."""
    return registered_at.astimezone(ZoneInfo(time_zone)).date().replace(day=1)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A call that belongs to a purpose's share, and whose voices of the staff it would record."""

    call: UUID
    purpose: UUID
    sample: Sample
    staff: frozenset[UUID]


def drawn_of(
    candidates: Iterable[Candidate], so_far: Mapping[tuple[UUID, UUID], int]
) -> tuple[set[tuple[UUID, UUID]], Mapping[tuple[UUID, UUID], int]]:
    """Return which (call, purpose) are drawn, and how many more that makes per (purpose, member of staff).

    A call is drawn only while each member of staff in it is under the month's cap; `so_far` is what was drawn before.
    """
    drawn: set[tuple[UUID, UUID]] = set()
    more: Counter[tuple[UUID, UUID]] = Counter()
    for each in candidates:
        pairs = [(each.purpose, person) for person in each.staff]
        if all(so_far.get(pair, 0) + more[pair] < each.sample.cap_per_month for pair in pairs):
            drawn.add((each.call, each.purpose))
            more.update(pairs)
    return drawn, more


def newly_heard(call: Call, joined: Iterable[Party]) -> set[UUID]:
    """Return the members of staff who join a call in which they were not heard before, under whatever label."""
    before = {party.subject for party in call.parties if party.is_staff}
    return {party.subject for party in joined if party.is_staff and party.subject} - before
