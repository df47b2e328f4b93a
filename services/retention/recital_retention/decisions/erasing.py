"""What may be erased, and why not. Asked under the row lock of the holding, at the point of no return.

Legal holds and open requests keep (R14: AVG art. 17(3)(e), 18); time, a revoked permit or a private mark end.
"""

from dataclasses import dataclass
from datetime import datetime

from recital_errors import Reason

from recital_retention.decisions.identities import still_needed
from recital_retention.model import Ground, HoldingState, Standing

# A collected part ends with its own request, and a package with its time: both are copies made to be handed over.
_KEPT_BY_REQUESTS = frozenset({"recording", "call", "identity", "request"})
# The file of a request shows that it was handled rightly (AVG art. 5(2)): it ends with its time, whoever asks.
_NOT_ON_REQUEST = frozenset({"request"})
_KEEPING = frozenset({"held", "request_open", "restricted"})
_GROUNDS = {
    "held": "legal_hold",
    "clock_runs": "legal_obligation",
    "recording_remains": "still_needed",
    "needed": "still_needed",
    "request_open": "request_open",
    "restricted": "restricted",
    "not_due": "accountability",
}
"""On which ground a requested erasure is withheld, by the reason found first in this order (AVG art. 17(3))."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a holding may be destroyed now, on which ground, and everything that speaks against it."""

    ground: Ground
    reasons: tuple[Reason, ...]

    @property
    def allowed(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons

    @property
    def kept(self) -> bool:
        """Whether its time is over and only a hold, an open request or a restriction keeps it."""
        return bool(self.reasons) and all(each.code in _KEEPING for each in self.reasons)


def may_erase(standing: Standing, now: datetime) -> Verdict:
    """Decide one holding, with every reason why not."""
    found = [
        _ordered_before(standing),
        *_needed(standing, now),
        _before_its_time(standing, now),
        *what_keeps(standing),
    ]
    return Verdict(_ground(standing), tuple(each for each in found if each is not None))


def what_keeps(standing: Standing) -> tuple[Reason, ...]:
    """Return what keeps a holding whose time is over: legal holds, open requests, restrictions (AVG art. 18)."""
    found = (_held(standing), _asked_for(standing), _restricted(standing))
    return tuple(each for each in found if each is not None)


def withheld_because(verdict: Verdict) -> str | None:
    """Return the ground on which a requested erasure is withheld; None where it is not (it is ordered, or was)."""
    codes = {each.code for each in verdict.reasons}
    return next((ground for code, ground in _GROUNDS.items() if code in codes), None)


def answer_to_hold(state: HoldingState) -> Reason | None:
    """Return why a hold comes too late, or None where it takes effect: the point of no return is ORDERING."""
    return Reason("deletion_began", "R14") if state.beyond_return else None


def _ground(standing: Standing) -> Ground:
    if standing.ended_because is not None:
        return standing.ended_because
    if _requested(standing):
        return Ground.ERASURE_REQUESTED
    if standing.kind == "identity":
        return Ground.NO_LONGER_NEEDED
    return Ground.REQUEST_CLOSED if standing.kind == "collection" else Ground.RETENTION_ENDED


def _ordered_before(standing: Standing) -> Reason | None:
    return Reason("ordered_before") if standing.state.beyond_return else None


def stands_alone(standing: Standing, now: datetime) -> bool:
    """Return whether an identity is needed for itself: a member of staff's, until the day of leaving if any."""
    return standing.stands_alone and (standing.due_at is None or standing.due_at > now)


def _needed(standing: Standing, now: datetime) -> list[Reason]:
    if standing.kind == "identity" and still_needed(standing.uses, stands_alone=stands_alone(standing, now)):
        return [Reason("needed", "R11")]
    if standing.trimming:
        return [Reason("trimming")]
    if standing.kind == "call" and standing.recordings and standing.ended_because is not Ground.PRIVATE_CALL:
        return [Reason("recording_remains", "R11")]
    if standing.kind == "recording" and standing.running and standing.ended_because is None:
        return [Reason("clock_runs", "R11")]
    return []


def _before_its_time(standing: Standing, now: datetime) -> Reason | None:
    # What follows from others (_needed) has no moment of its own: a call ends with its last recording's clock.
    follows = standing.kind in ("identity", "recording") or standing.recorded
    if standing.ended_because is not None or follows or _requested(standing):
        return None
    if standing.due_at is not None and standing.due_at <= now:
        return None
    return Reason("not_due", "R11")


def _requested(standing: Standing) -> bool:
    return standing.requested and standing.kind not in _NOT_ON_REQUEST


def _held(standing: Standing) -> Reason | None:
    return Reason("held", "R14") if standing.held else None


def _asked_for(standing: Standing) -> Reason | None:
    if standing.withheld and standing.kind in _KEPT_BY_REQUESTS:
        return Reason("request_open", "R12")
    return None


def _restricted(standing: Standing) -> Reason | None:
    if standing.restricted and standing.kind in _KEPT_BY_REQUESTS:
        return Reason("restricted", "R12")
    return None
