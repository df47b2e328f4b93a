"""What a revoked permit leaves of a recording: per purpose, the recorded spans that may be kept (R03, R08, R18)."""

from collections.abc import Iterable, Sequence

from recital_events import PurposeSpans

from recital_retention.model import Interval, Trim


def what_remains(recorded: Sequence[PurposeSpans], may_be_kept: Sequence[PurposeSpans]) -> Trim:
    """Return the purposes that lost everything, the spans that remain, and whether any recorded moment must go.

    A moment must go when no purpose covers it any more; while one does, the audio stays and only playback narrows.
    """
    kept: list[PurposeSpans] = []
    ended: list[str] = []
    for purpose in purposes_of(recorded):
        remaining = common(spans_of(recorded, purpose), spans_of(may_be_kept, purpose))
        if remaining:
            kept.append(PurposeSpans(purposes=(purpose,), spans=tuple(remaining)))
        else:
            ended.append(purpose)
    return Trim(tuple(ended), gathered(kept), takes_away=covered(recorded) != covered(kept))


def purposes_of(spans: Iterable[PurposeSpans]) -> list[str]:
    """Return the purposes that have spans at all, in order of their keys."""
    return sorted({purpose for each in spans if each.spans for purpose in each.purposes})


def spans_of(spans: Iterable[PurposeSpans], purpose: str) -> list[Interval]:
    """Return what one purpose covers, merged and in order."""
    return merged(span for each in spans if purpose in each.purposes for span in each.spans)


def covered(spans: Iterable[PurposeSpans]) -> list[Interval]:
    """Return what any purpose covers, merged and in order."""
    return merged(span for each in spans for span in each.spans)


def merged(spans: Iterable[Interval]) -> list[Interval]:
    """Return the same moments as intervals that neither touch nor overlap, in order."""
    found: list[Interval] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def common(left: Iterable[Interval], right: Iterable[Interval]) -> list[Interval]:
    """Return the moments that lie in both."""
    others = merged(right)
    return merged(
        (max(start, other_start), min(end, other_end))
        for start, end in merged(left)
        for other_start, other_end in others
        if max(start, other_start) < min(end, other_end)
    )


def gathered(spans: Iterable[PurposeSpans]) -> tuple[PurposeSpans, ...]:
    """Return the same with one entry for all purposes that cover the same, as in a permit."""
    by_spans: dict[tuple[Interval, ...], list[str]] = {}
    for each in spans:
        by_spans.setdefault(each.spans, []).extend(each.purposes)
    return tuple(PurposeSpans(purposes=tuple(names), spans=intervals) for intervals, names in by_spans.items())
