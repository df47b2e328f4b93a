"""The register of requests: its figures, and cells that no spreadsheet takes for a formula."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Registered:
    """What the register needs of one request."""

    kind: str
    received_at: datetime
    outcome: str | None
    extended: bool
    answered_at: datetime | None
    answered_in_time: bool | None
    overdue: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of requests; `met` and `missed` are answers before and after their limit; days are from receipt."""

    received: int
    open: int
    met: int
    missed: int
    overdue: int
    extended: int
    refused: int
    average_days: float | None


def figures(rows: Sequence[Registered]) -> Figures:
    """Add up."""
    days = [(each.answered_at - each.received_at).total_seconds() / 86_400 for each in rows if each.answered_at]
    return Figures(
        received=len(rows),
        open=sum(each.outcome is None for each in rows),
        met=sum(each.answered_in_time is True for each in rows),
        missed=sum(each.answered_in_time is False for each in rows),
        overdue=sum(each.overdue for each in rows),
        extended=sum(each.extended for each in rows),
        refused=sum(each.outcome == "refused" for each in rows),
        average_days=round(sum(days) / len(days), 1) if days else None,
    )


def inert(cell: object) -> str:
    """Return a cell as text that a spreadsheet shows and never computes."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(FORMULA) else text
