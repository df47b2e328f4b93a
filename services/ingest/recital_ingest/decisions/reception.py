"""One upload as it streams by: hashed, parsed, laid on the timeline, split and silenced, before anything is stored.

Pure: bytes in, each track's bytes out. It computes much, so it is run outside the event loop.
"""

import hashlib
from dataclasses import dataclass

from recital_errors import Malformed

from recital_ingest.decisions.admission import Digests
from recital_ingest.decisions.placement import Placement, match_channels, place, settle
from recital_ingest.decisions.resuming import silencing_of
from recital_ingest.model.container import Container
from recital_ingest.model.permit import Permit
from recital_ingest.model.raw import RawReader
from recital_ingest.model.refusal import Refusal
from recital_ingest.model.resumable import Part, Silencing
from recital_ingest.model.sound import Sound, silence, split
from recital_ingest.model.wav import WavReader, Wrapping


@dataclass(frozen=True, slots=True)
class Received:
    """What came in, when all of it has."""

    sound: Sound
    size: int
    digests: Digests
    placement: Placement
    frames_received: int
    frames: int
    """Frames kept: those received, less those cut off."""
    original: Wrapping | None
    """What stood around the frames; None where something was silenced or cut."""
    container: Container | None = None
    """What the one track is, bit for bit; None where the tracks are samples."""
    parts: tuple[Part, ...] = ()
    """What the digests are over, where they are not those of the whole file."""


class Reception:
    """Takes the body in pieces. Raises what is wrong with it: UnsupportedMedia, Malformed, Forbidden."""

    def __init__(self, permit: Permit, *, length: int | None, stated: Digests, raw: RawReader | None = None) -> None:
        """`length` is the body's, where the sender says it; `stated` are the digests the sender names.

        Without a reader of `raw` samples the body is a WAV file.
        """
        self._permit, self._length, self._stated = permit, length, stated
        self._sha256, self._sha512 = hashlib.sha256(), hashlib.sha512()
        self._wav: WavReader | RawReader = raw or WavReader()
        self._placement: Placement | None = None
        self._expected: int | None = None
        self._frames = 0

    @property
    def sound(self) -> Sound | None:
        """The format, once the samples have begun and their place in the call is known."""
        return self._wav.sound if self._placement else None

    @property
    def whole(self) -> bool:
        """Whether, by what is known so far, nothing may be silenced: then what stands around the frames is kept."""
        if self._placement is None or self._expected is None:
            return True
        return not self._placement.masks(self._expected)

    @property
    def silencing(self) -> Silencing | None:
        """Which of the file's bytes may not be kept, once the samples have begun; their number must be known."""
        if self._placement is None or self._expected is None or self._wav.sound is None:
            return None
        return silencing_of(self._wav.sound, self._placement, begins=self._wav.begins, frames=self._expected)

    def take(self, piece: bytes) -> list[bytes]:
        """Take the next piece; return what it adds to each track, nothing before the samples begin."""
        self._sha256.update(piece)
        self._sha512.update(piece)
        frames = self._wav.feed(piece)
        sound = self._wav.sound
        if not self._wav.started or sound is None:
            return []
        if self._placement is None:
            self._placement = _or_raise(self._place(sound))
        return self._split(sound, self._placement, frames)

    def finish(self) -> Received:
        """Say that no more comes; return what was received, or raise why it cannot be kept."""
        sound, placement = self._wav.sound, self._placement
        if sound is None or placement is None:
            raise self._wav.unfinished()
        wrapping = self._wav.finish()
        digests = Digests(self._sha256.digest(), self._sha512.digest())
        if not self._stated.agrees(digests):
            raise Malformed("digest_mismatch", "The body is not what its Content-Digest says.")
        settled = _or_raise(settle(placement, self._permit, sound, self._frames))
        masked = settled.masks(self._frames)
        return Received(
            sound=sound,
            size=self._wav.received,
            digests=digests,
            placement=settled,
            frames_received=self._frames,
            frames=min(self._frames, settled.frames),
            # Raw samples had nothing around them and are given back as a WAV file.
            original=None if masked or not wrapping.head else wrapping,
        )

    def _place(self, sound: Sound) -> Placement | Refusal:
        refusal = match_channels(self._permit, sound)
        if refusal is not None:
            return refusal
        frames = self._wav.frames_stated
        if frames is None and self._length is not None:
            # A live writer's samples run to the body's end.
            frames = max(self._length - self._wav.begins, 0) // sound.frame_size
        self._expected = frames
        return place(self._permit, sound, frames)

    def _split(self, sound: Sound, placement: Placement, frames: bytes | memoryview) -> list[bytes]:
        first = self._frames
        self._frames += len(frames) // sound.frame_size
        return tracks_of(sound, placement, frames, first=first)


def tracks_of(sound: Sound, placement: Placement, frames: bytes | memoryview, *, first: int) -> list[bytes]:
    """Return what whole frames add to each track, silenced and cut; `first` is the number of the first."""
    count = len(frames) // sound.frame_size
    kept = max(min(first + count, placement.frames) - first, 0)
    tracks = split(sound, frames[: kept * sound.frame_size])
    for track in tracks:
        silence(sound, track, first=first, keep=placement.keep)
    return [track.tobytes() for track in tracks]


def _or_raise(verdict: Placement | Refusal) -> Placement:
    if isinstance(verdict, Refusal):
        raise verdict.error()
    return verdict
