"""A line of a provider's list read: which call it means and when it ended. CSV with a heading, or JSON lines.

Columns that are not needed are passed over unread: they hold numbers and names, which have no business here.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from recital_consent.decisions.entering import FURTHEST_AHEAD
from recital_consent.model.cdr import BadLine, CdrLine

LONGEST_LINE = 65_536
LONGEST_ID = 200
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_LONGEST = timedelta(days=7)


def heading_of(line: str) -> Sequence[str] | None:
    """Return the columns that a CSV's first line names; None where external_id is not among them."""
    columns = [each.strip().lower() for each in _cells(line)]
    return columns if "external_id" in columns else None


def read_line(number: int, text: str, heading: Sequence[str] | None, now: datetime) -> CdrLine | BadLine:
    """Return one line read: as CSV under a heading, else as JSON. Times are RFC 3339 with a zone.

    `ended_at` says when the call ended, or `answered_at` with `duration_seconds`; a list may leave both out.
    """
    if len(text) > LONGEST_LINE:
        return BadLine(number, f"longer than {LONGEST_LINE} characters")
    said = _csv(text, heading) if heading is not None else _json(text)
    if said is None:
        return BadLine(number, "not as many cells as columns" if heading is not None else "not a JSON object")
    id_ = said.get("external_id")
    if not isinstance(id_, str) or not 0 < len(id_.strip()) <= LONGEST_ID:
        return BadLine(number, f"external_id: between 1 and {LONGEST_ID} characters")
    try:
        ended_at = _ended_at(said)
    except (ValueError, TypeError, OverflowError):
        return BadLine(number, "ended_at, answered_at: RFC 3339 with a zone; duration_seconds: a number")
    if ended_at is not None and not _EARLIEST <= ended_at <= min(_LATEST, now + FURTHEST_AHEAD):
        return BadLine(number, "ended_at: a past moment")
    return CdrLine(number, id_.strip(), ended_at)


def _ended_at(said: Mapping[str, Any]) -> datetime | None:
    if said.get("ended_at"):
        return _instant(said["ended_at"])
    if not said.get("answered_at") or said.get("duration_seconds") in (None, ""):
        return None
    lasted = timedelta(seconds=float(said["duration_seconds"]))
    if not timedelta() <= lasted <= _LONGEST:
        raise ValueError
    return _instant(said["answered_at"]) + lasted


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError
    return at.astimezone(UTC)


def _csv(text: str, heading: Sequence[str]) -> Mapping[str, Any] | None:
    cells = _cells(text)
    return dict(zip(heading, cells, strict=True)) if len(cells) == len(heading) else None


def _cells(text: str) -> list[str]:
    delimiter = ";" if text.count(";") > text.count(",") else ","
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _json(text: str) -> Mapping[str, Any] | None:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
