"""Whether a call's recording is whole: the outcome, what is missing, and what recordings hold."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class StoredSpans:
    """What one recording holds of a call: half-open spans, milliseconds since that instant."""

    answered_at: datetime
    spans: tuple[tuple[int, int], ...]


class Outcome(StrEnum):
    """What is to be said of a call's recording."""

    GOING_ON = "going_on"
    WAITING = "waiting"
    RECORDED = "recorded"
    NOT_RECORDED = "not_recorded"
    MISSING = "missing"
    UNENDED = "unended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """An outcome, why nothing was recorded (reason codes), and what is missing (milliseconds since the answer)."""

    outcome: Outcome
    reasons: tuple[str, ...] = ()
    gaps: tuple[tuple[int, int], ...] = ()
