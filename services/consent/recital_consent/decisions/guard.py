"""The guard: PBX events and audio are not on one clock, so what is silenced is silenced a little wider."""

from recital_consent.model.spans import FOREVER, Spans

LARGEST_GUARD_MS = 2_000
DEFAULT_GUARD_MS = 200


def guarded(silenced: Spans, start: int, end: int, guard_ms: int) -> Spans:
    """Return what is left of a call from `start` to `end` when its silences are widened on both sides.

    None is added at the call's own start and end. A silence that begins at the end or within one guard after it still
    reaches back: else an `ended` that comes late would give back what the silence before it had taken.
    """
    widened = silenced.within(start, FOREVER).widened(guard_ms * 1_000)
    return Spans.of([(start, end)]) - widened
