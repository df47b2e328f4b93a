"""Half-open intervals of whole numbers: milliseconds of a call, or frames of its audio.

A `Spans` value is in normal form: ascending, disjoint, not touching, none empty.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]
Spans: TypeAlias = tuple[Span, ...]
PurposeSpans: TypeAlias = Mapping[str, Spans]
"""Per purpose key, the milliseconds since the call was answered that may be kept for it."""


def normal(spans: Iterable[Sequence[int]]) -> Spans:
    """Return the same moments in normal form; empty and reversed intervals vanish."""
    merged: list[Span] = []
    for start, stop in sorted((start, stop) for start, stop in spans if start < stop):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return tuple(merged)


def union(many: Iterable[Spans]) -> Spans:
    """Return what lies in any of them."""
    return normal(span for spans in many for span in spans)


def intersection(left: Spans, right: Spans) -> Spans:
    """Return what lies in both."""
    return normal((max(a, c), min(b, d)) for a, b in left for c, d in right)


def gaps(spans: Spans, start: int, stop: int) -> Spans:
    """Return what of [start, stop) lies outside the spans."""
    edges = [start, *(edge for a, b in spans for edge in (a, b)), stop]
    return normal((max(a, start), min(b, stop)) for a, b in zip(edges[::2], edges[1::2], strict=True))


def shrunk(spans: Spans, by: int, *, start: int, stop: int) -> Spans:
    """Widen the silence between spans by `by` on both sides; none is added at `start` and `stop` themselves."""
    return normal((a + by if a > start else a, b - by if b < stop else b) for a, b in spans)


def together(listed: Iterable[tuple[Iterable[str], Iterable[Sequence[int]]]]) -> PurposeSpans:
    """Read the form of permits and events, where purposes that share spans are listed together.

    What a purpose may keep is the union of all that name it.
    """
    found: dict[str, list[Sequence[int]]] = {}
    for purposes, spans in listed:
        kept = list(spans)
        for purpose in purposes:
            found.setdefault(purpose, []).extend(kept)
    return {purpose: normal(spans) for purpose, spans in sorted(found.items())}


def apart(spans: PurposeSpans) -> list[tuple[list[str], Spans]]:
    """Return the form of permits and events: purposes with the same spans once, those without any left out."""
    shared: dict[Spans, list[str]] = {}
    for purpose, kept in sorted(spans.items()):
        if kept:
            shared.setdefault(kept, []).append(purpose)
    return [(purposes, kept) for kept, purposes in shared.items()]
