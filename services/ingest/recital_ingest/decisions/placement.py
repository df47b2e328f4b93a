"""Where the audio lies on the call's timeline, and so which frames are kept, silenced or cut (R01, R03, R18).

Times are whole microseconds since the answer, frames whole numbers: a frame belongs to the moment at which it begins.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from recital_ingest.model.permit import Permit, Stretch
from recital_ingest.model.refusal import Kind, Refusal
from recital_ingest.model.sound import Sound
from recital_ingest.model.spans import PurposeSpans, Span, Spans, intersection, normal, shrunk, union

SECOND = 1_000_000
TOLERATED = 50_000
"""Decoded and stated length may differ by this without more guard."""
LARGEST_DIFFERENCE = 2 * SECOND
LONGEST_AFTER_END = 2 * SECOND
_ENDLESS = 1 << 62


@dataclass(frozen=True, slots=True)
class Placement:
    """What becomes of the frames: those from `frames` on are cut, those outside `keep` silenced."""

    frames: int
    keep: Spans
    spans: PurposeSpans
    """Milliseconds since the answer per purpose, with this recording's own guard."""
    growth_ms: int

    def clipped(self, frames: int) -> Spans:
        """Return what is kept of so many frames."""
        return intersection(self.keep, ((0, min(frames, self.frames)),))

    def masks(self, frames: int) -> bool:
        """Whether any of so many frames is silenced or cut."""
        return self.clipped(frames) != normal([(0, frames)])


def place(permit: Permit, sound: Sound, frames: int | None) -> Placement | Refusal:
    """Lay `frames` decoded frames on the timeline of a final permit; None where their number is not known yet.

    Refuses `permit_not_final`, `audio_not_aligned`, `audio_outside_call` and `nothing_to_keep`.
    """
    if permit.ended_at is None:
        return Refusal(Kind.FORBIDDEN, "permit_not_final", "The call has not ended; a whole file needs a final permit.")
    end, last = permit.since_answer(permit.ended_at), permit.stretches[-1]
    stated = last.offset + last.length
    length = stated if frames is None else frames * SECOND // sound.rate
    difference = abs(length - stated)
    if difference > LARGEST_DIFFERENCE:
        return _malformed("audio_not_aligned", "The audio is more than 2 seconds longer or shorter than was stated.")
    if not _meets(permit.stretches, length, end):
        return _malformed("audio_outside_call", "The audio does not lie in the call.")
    growth = -(-difference // 1000) if difference > TOLERATED else 0
    spans = narrowed(permit.spans, growth_ms=growth, end=end)
    cut = _first_frame_at(permit.stretches, end, sound.rate, frames)
    keep = intersection(_frames(permit.stretches, union(spans.values()), sound.rate, frames), ((0, cut),))
    if not keep:
        return _malformed("nothing_to_keep", "The permit covers none of this audio.")
    return Placement(frames=cut, keep=keep, spans=spans, growth_ms=growth)


def narrowed(spans: PurposeSpans, *, growth_ms: int, end: int) -> PurposeSpans:
    """Return the spans (whole milliseconds) with a recording's own growth of the guard; `end` is the call's, exact.

    A span that reaches the call's last whole millisecond reaches its end.
    """
    floor, ceiling = end // 1000, -(-end // 1000)
    return {
        key: shrunk(normal((a, ceiling if b >= floor else b) for a, b in kept), growth_ms, start=0, stop=floor)
        for key, kept in spans.items()
    }


def settle(streamed: Placement, permit: Permit, sound: Sound, frames: int) -> Placement | Refusal:
    """Judge again when the true number of frames is known: what was silenced must be what is to be silenced.

    A live writer's length is known only at the end. Where that asks for more guard around a silence than was given,
    the audio is refused rather than kept: sent with its length, it is taken.
    """
    settled = place(permit, sound, frames)
    if isinstance(settled, Placement) and settled.clipped(frames) != streamed.clipped(frames):
        return _malformed("audio_not_aligned", "The length differs from what was stated: send it with Content-Length.")
    return settled


def whole_for_all(placement: Placement, permit: Permit, sound: Sound, frames: int) -> bool:
    """Whether each purpose that may keep anything may keep every frame: then nothing need ever be silenced."""
    everything = normal([(0, frames)])
    kept = [_frames(permit.stretches, spans, sound.rate, frames) for spans in placement.spans.values() if spans]
    return not placement.masks(frames) and all(spans == everything for spans in kept)


def heard(placed: Iterable[Stretch], spans: Spans, sound: Sound, frames: int) -> Spans:
    """Return which of a stored recording's frames lie in spans (milliseconds since the answer)."""
    return _frames(tuple(placed), spans, sound.rate, frames)


def match_channels(permit: Permit, sound: Sound) -> Refusal | None:
    """Each channel has a party and each party's channel is there, or the audio is refused."""
    if permit.channels != frozenset(range(sound.channels)):
        return _malformed("channels_do_not_match", "The file's channels are not those the permit gives to parties.")
    return None


def _malformed(code: str, detail: str) -> Refusal:
    return Refusal(Kind.MALFORMED, code, detail)


def _meets(stretches: tuple[Stretch, ...], length: int, end: int) -> bool:
    first, last = stretches[0], stretches[-1]
    stops = last.at + length - last.offset
    return first.at < end and 0 < stops <= end + LONGEST_AFTER_END


def _ceil(microseconds: int, rate: int) -> int:
    """Return the number of the first frame that begins at or after a moment of the file."""
    return -(-microseconds * rate // SECOND)


def _reach(stretches: tuple[Stretch, ...], rate: int, frames: int | None) -> list[tuple[Stretch, Span]]:
    """Return each stretch with its frames. The last goes on to the end of the audio, also past its stated length."""
    beyond = _ENDLESS if frames is None else frames
    pairs = pairwise(stretches)
    ends = [_ceil(min(each.offset + each.length, following.offset), rate) for each, following in pairs]
    return [
        (each, (_ceil(each.offset, rate), min(stop, beyond)))
        for each, stop in zip(stretches, [*ends, beyond], strict=True)
    ]


def _frames(stretches: tuple[Stretch, ...], spans: Spans, rate: int, frames: int | None) -> Spans:
    found: list[Span] = []
    for stretch, (first, beyond) in _reach(stretches, rate, frames):
        into_file = stretch.offset - stretch.at
        for start, stop in spans:
            begins, ends = _ceil(start * 1000 + into_file, rate), _ceil(stop * 1000 + into_file, rate)
            found.append((max(begins, first), min(ends, beyond)))
    return normal(found)


def _first_frame_at(stretches: tuple[Stretch, ...], end: int, rate: int, frames: int | None) -> int:
    """Return the number of the first frame at or after the call's end: from there on the audio is cut."""
    reach = _reach(stretches, rate, frames)
    cuts = ((max(first, _ceil(end + each.offset - each.at, rate)), beyond) for each, (first, beyond) in reach)
    return next((cut for cut, beyond in cuts if cut < beyond), reach[-1][1][1])
