"""When nobody is recorded although all was in order: hold, pause and private parts (R18)."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping

from recital_consent.model.calls import Call, EntryKind
from recital_consent.model.spans import FOREVER, NEVER, Spans, moment_of

Holds = Mapping[str | None, Spans]
"""When each party was on hold; under None, when all were."""


def holds(call: Call) -> Holds:
    """Return who was on hold when. A hold of a party ends when that party or everybody is resumed, or when it leaves;
    one of everybody only when everybody is resumed. What is not resumed lasts.
    """
    held: defaultdict[str | None, list[int]] = defaultdict(list)
    ended: defaultdict[str | None, list[int]] = defaultdict(list)
    for entry in call.entries:
        if entry.kind is EntryKind.HELD:
            held[entry.party].append(moment_of(entry.at))
        elif entry.kind in (EntryKind.RESUMED, EntryKind.LEFT):
            ended[entry.party].append(moment_of(entry.at))
    return {
        label: _from_each(moments, ended[label] if label is None else ended[label] + ended[None])
        for label, moments in held.items()
    }


def held_at_all(on_hold: Holds) -> Spans:
    """Return when anybody was on hold: a hold silences all channels."""
    return Spans.of(piece for spans in on_hold.values() for piece in spans.pieces)


def held(on_hold: Holds, label: str) -> Spans:
    """Return when this party was on hold, by its own name or with everybody."""
    return on_hold.get(label, NEVER) | on_hold.get(None, NEVER)


def paused(call: Call) -> Spans:
    """Return when recording was paused. A flag, not a counter; what is not unpaused stays paused."""
    on = [moment_of(entry.at) for entry in call.entries if entry.kind is EntryKind.PAUSED]
    off = [moment_of(entry.at) for entry in call.entries if entry.kind is EntryKind.UNPAUSED]
    return _from_each(on, off)


def private_parts(call: Call) -> Spans:
    """Return the parts marked private: from a mark's start to its end, or to the end of the call (R18)."""
    return Spans.of(
        (moment_of(entry.started_at), moment_of(entry.ended_at) if entry.ended_at else FOREVER)
        for entry in (*call.entries, *call.asked)
        if entry.kind is EntryKind.MARKED_PRIVATE and entry.started_at
    )


def is_private(call: Call) -> bool:
    """Whether the call as a whole was marked private: then nothing of it is kept (R18)."""
    return any(
        entry.kind is EntryKind.MARKED_PRIVATE and entry.started_at is None for entry in (*call.entries, *call.asked)
    )


def _from_each(on: Iterable[int], off: Iterable[int]) -> Spans:
    # What begins at the very instant at which another ends goes on: the restricting entry wins.
    ends = [*sorted(off), FOREVER]
    return Spans.of((moment, ends[min(bisect_right(ends, moment), len(ends) - 1)]) for moment in on)
