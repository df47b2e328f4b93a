"""Instants as text (RFC 3339)."""

import re
from datetime import UTC, datetime

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def rfc3339(at: datetime) -> str:
    """Return an aware instant in UTC; `at` without a zone raises ValueError."""
    if at.tzinfo is None:
        raise ValueError("an instant has a zone")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def is_instant(value: object) -> bool:
    """Whether a value is an instant as RFC 3339 spells it, with a zone, on a day that exists."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
