"""What a hold can still take effect on, and who may end it (R14: AVG art. 17(3)(e))."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from recital_errors import Reason

from recital_retention.decisions.erasing import answer_to_hold
from recital_retention.model import HoldingState


@dataclass(frozen=True, slots=True)
class Found:
    """A recording that a hold finds, read under its row lock."""

    recording: UUID
    state: HoldingState
    ordered_at: datetime | None


@dataclass(frozen=True, slots=True)
class HoldVerdict:
    """What a hold takes effect on, what it comes too late for (since when), and why it is refused as a whole."""

    recordings: tuple[UUID, ...]
    too_late: Mapping[UUID, datetime]
    refused: Reason | None = None


def may_hold(found: Iterable[Found], *, listed: bool, future: bool) -> HoldVerdict:
    """Decide what a hold is on.

    One on listed recordings takes effect on all of them or on none. One by call or person takes effect on what it
    still can, and says what it came too late for; where that is nothing, and none may come, it is refused.
    """
    seen = list(found)
    too_late = {each.recording: each.ordered_at for each in seen if answer_to_hold(each.state) and each.ordered_at}
    kept = tuple(each.recording for each in seen if each.recording not in too_late)
    if too_late and (listed or not (kept or future)):
        return HoldVerdict((), too_late, Reason("deletion_began", "R14"))
    if not kept and not future:
        return HoldVerdict((), {}, Reason("nothing_to_hold"))
    return HoldVerdict(kept, too_late)


def may_release(placed_by: str, by: str, *, released: bool, for_another: bool, remembered: bool) -> Reason | None:
    """Return why a hold may not be released: it was before, or another placed it and that was not said.

    One that only the control ledger remembers (`remembered`) is everyone's.
    """
    if released:
        return Reason("hold_released")
    return None if placed_by == by or for_another or remembered else Reason("hold_of_another")


def review_too_early(review_on: date, now: datetime) -> bool:
    """Return whether a review date has already passed everywhere on earth."""
    return (now.date() - review_on).days > 1
