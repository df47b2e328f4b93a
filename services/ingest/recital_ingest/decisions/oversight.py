"""Who may look at listening, and for which time a report is (R10)."""

import re
from datetime import UTC, datetime

from recital_ingest.model.refusal import Kind, Refusal

_QUARTER = re.compile(r"([0-9]{4})-Q([1-4])")
MONTHS = 3
YEAR = 12


def quarter(named: str) -> tuple[datetime, datetime] | Refusal:
    """Return the instants a quarter such as `2026-Q4` lies between, in UTC."""
    match = _QUARTER.fullmatch(named)
    if match is None or match[1] == "0000" or match[1] == "9999":
        return Refusal(Kind.MALFORMED, "quarter_malformed", "A quarter is written as 2026-Q4.")
    year, first = int(match[1]), (int(match[2]) - 1) * MONTHS + 1
    after = first + MONTHS
    return (
        datetime(year, first, 1, tzinfo=UTC),
        datetime(year + (after > YEAR), after if after <= YEAR else 1, 1, tzinfo=UTC),
    )


def may_review(reviewer: str, listener: str, *, reviewed: bool) -> Refusal | None:
    """Whether somebody may review a broken glass: nobody reviews their own, and each is reviewed once."""
    if reviewer == listener:
        return Refusal(Kind.FORBIDDEN, "own_listening", "Somebody else reviews what you listened to.")
    if reviewed:
        return Refusal(Kind.CONFLICT, "reviewed_already", "This was reviewed already.")
    return None
