"""The header Range (RFC 9110 14): which bytes of a file are asked for."""

import re
from itertools import pairwise

Range = tuple[int, int]
"""A half-open range of bytes, [start, stop)."""

# More than these, or ranges that overlap, are a way to make a server work (RFC 9110 17.15): the whole is given.
MOST = 16
_LONGEST_HEADER = 1_000
_SPEC = re.compile(r"([0-9]{0,18})-([0-9]{0,18})")


def ranges_of(header: str | None, size: int) -> list[Range] | None:
    """Return the ranges to give of `size` bytes: None for the whole, an empty list where none can be given (416)."""
    if header is None or len(header) > _LONGEST_HEADER:
        return None
    unit, _, specs = header.partition("=")
    if unit.strip().lower() != "bytes":
        return None
    found: list[Range] = []
    for spec in specs.split(","):
        match = _SPEC.fullmatch(spec.strip())
        if match is None or match.groups() == ("", ""):
            return None
        one = _range(match[1], match[2], size)
        if one is not None:
            found.append(one)
    ordered = sorted(found)
    overlap = any(later[0] < earlier[1] for earlier, later in pairwise(ordered))
    return None if overlap or len(found) > MOST else found


def _range(first: str, last: str, size: int) -> Range | None:
    """One range, cut at the file's end; None where nothing of it lies in the file."""
    if first == "":
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), size if last == "" else min(int(last) + 1, size)
    return (start, stop) if start < stop else None
