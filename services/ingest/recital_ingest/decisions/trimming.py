"""What is left of a recording when a part of it must go: spans per purpose, and the frames that stay (R03, R11)."""

from recital_ingest.decisions.rendering import kept_frames
from recital_ingest.model.recording import Recording
from recital_ingest.model.spans import PurposeSpans, Spans, gaps, normal, union


def left_of(recording: Recording, kept: PurposeSpans) -> PurposeSpans:
    """Return the recording's spans less what `kept` leaves out; asked again of what it gave, it takes nothing more.

    Both are milliseconds since the answer. What goes is widened by the recording's own growth of the guard, as every
    silence in it was.
    """
    left: dict[str, Spans] = {}
    for purpose, own in recording.spans.items():
        stays = kept.get(purpose, ())
        gone = normal(gap for start, stop in own for gap in gaps(stays, start, stop))
        wide = normal((start - recording.growth_ms, stop + recording.growth_ms) for start, stop in gone)
        left[purpose] = normal(rest for start, stop in own for rest in gaps(wide, start, stop))
    return left


def frames_left(recording: Recording, spans: PurposeSpans) -> Spans:
    """Return the frames that stay as they are when only these spans may; none means that all of it must go."""
    return kept_frames(recording, union(spans.values()))
