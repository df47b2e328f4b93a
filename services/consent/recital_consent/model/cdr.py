"""Lists of calls from a provider (CDR), against which the calls that are known are reconciled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class LineState(StrEnum):
    """What became of a line: as the call's outcome, or no call of that external id, or no line at all."""

    GOING_ON = "going_on"
    WAITING = "waiting"
    RECORDED = "recorded"
    NOT_RECORDED = "not_recorded"
    MISSING = "missing"
    UNENDED = "unended"
    ERASED = "erased"
    UNKNOWN = "unknown"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class CdrLine:
    """One call as the provider lists it; `line` counts from 1 in what was sent."""

    line: int
    external_id: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is none; `problem` names the field and the rule, and nothing that was sent."""

    line: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CdrImport:
    """An import as it stands. counts: lines per state, as of now; ended: calls that this list ended."""

    id: UUID
    started_at: datetime
    finished_at: datetime | None
    failed_code: str | None
    lines: int
    counts: Mapping[LineState, int]
    ended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """A line of the report: the call it stands for, or what is wrong with it."""

    line: int
    state: LineState
    call: UUID | None
    problem: str | None
