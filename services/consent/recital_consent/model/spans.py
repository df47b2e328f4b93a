"""Sets of moments, as disjoint half-open spans: the arithmetic under "what may be kept".

A moment is a whole number of microseconds since 1970; FOREVER is later than all of them, and is no moment itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ALWAYS = -(2**62)
FOREVER = 2**62

Span = tuple[int, int]


def moment_of(instant: datetime) -> int:
    """Return an aware instant as microseconds since 1970."""
    return (instant - EPOCH) // MICROSECOND


def instant_of(moment: int) -> datetime:
    """Return a moment as an instant in UTC. It must not be ALWAYS or FOREVER."""
    return EPOCH + moment * MICROSECOND


@dataclass(frozen=True, slots=True)
class Spans:
    """Disjoint, ascending spans that do not touch; equal sets of moments are equal. Make them with `of`."""

    pieces: tuple[Span, ...] = ()

    @classmethod
    def of(cls, pieces: Iterable[Span]) -> "Spans":
        """Return the union of the pieces; empty and reversed ones count for nothing."""
        there = [piece for piece in pieces if piece[0] < piece[1]]
        if len(there) < 2:  # most sets of moments are this small, and this is the innermost loop of every decision
            return cls(tuple(there))
        there.sort()
        merged: list[Span] = []
        since, until = there[0]
        for start, end in there:
            if start > until:
                merged.append((since, until))
                since, until = start, end
            elif end > until:
                until = end
        merged.append((since, until))
        return cls(tuple(merged))

    def __bool__(self) -> bool:
        """Whether there is any moment in it."""
        return bool(self.pieces)

    def __contains__(self, moment: int) -> bool:
        """Whether a moment lies in it: the start does, the end does not."""
        return any(start <= moment < end for start, end in self.pieces)

    def __or__(self, other: "Spans") -> "Spans":
        """The moments in either."""
        if not self.pieces or not other.pieces:
            return self if self.pieces else other
        return Spans.of(self.pieces + other.pieces)

    def __and__(self, other: "Spans") -> "Spans":
        """The moments in both."""
        found: list[Span] = []
        mine, theirs = self.pieces, other.pieces
        one = two = 0
        while one < len(mine) and two < len(theirs):
            start, end = max(mine[one][0], theirs[two][0]), min(mine[one][1], theirs[two][1])
            if start < end:
                found.append((start, end))
            # Whichever ends first can meet nothing more.
            if mine[one][1] <= theirs[two][1]:
                one += 1
            else:
                two += 1
        return Spans(tuple(found))

    def __sub__(self, other: "Spans") -> "Spans":
        """The moments in this one and not in the other."""
        return self & other.inverse()

    def inverse(self) -> "Spans":
        """The moments not in it, from ALWAYS to FOREVER."""
        found, since = [], ALWAYS
        for start, end in self.pieces:
            if since < start:
                found.append((since, start))
            since = end
        if since < FOREVER:
            found.append((since, FOREVER))
        return Spans(tuple(found))

    def within(self, start: int, end: int) -> "Spans":
        """The part of it that lies from start to end."""
        return Spans(
            tuple(
                (max(since, start), min(until, end))
                for since, until in self.pieces
                if max(since, start) < min(until, end)
            )
        )

    def widened(self, by: int) -> "Spans":
        """Each piece longer by so many microseconds on both sides, and then the union."""
        return Spans.of((max(start - by, ALWAYS), min(end + by, FOREVER)) for start, end in self.pieces)


NEVER = Spans()
EVER = Spans(((ALWAYS, FOREVER),))
