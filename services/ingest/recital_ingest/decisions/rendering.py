"""What a listener is given: the file that was received, byte for byte, or a new one with silence where it must be.

A rendering is a head, frames and a tail; any range of its bytes can be made without the rest. Only the file as it was
received is the original (R21): where anything is silenced, what is given says by its header that it is another.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from recital_ingest.decisions.placement import heard
from recital_ingest.model.container import Container
from recital_ingest.model.recording import Recording
from recital_ingest.model.refusal import Kind, Refusal
from recital_ingest.model.sound import Encoding, Sound, interleave, silence, silence_frames
from recital_ingest.model.spans import Spans, intersection, normal
from recital_ingest.model.wav import Wrapping, header, pad


@dataclass(frozen=True, slots=True)
class Rendering:
    """A WAV file that need not exist. `silent` are the channels whose tracks are not even opened."""

    sound: Sound
    frames: int
    keep: Spans
    silent: frozenset[int]
    head: bytes
    tail: bytes
    media_type: str = "audio/wav"
    decoded: bool = False
    """Its frames are made by decoding the file that was received."""

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return len(self.head) + self.frames * self.sound.frame_size + len(self.tail)


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames [first, stop) of the audio, of whose bytes the first `skip` are dropped and `take` given."""

    first: int
    stop: int
    skip: int
    take: int


def muted_channels(recording: Recording, mute: Collection[str]) -> frozenset[int] | Refusal:
    """Return the channels to leave unopened so that these parties are not heard, or why that cannot be.

    `party_unknown`: no such party; `not_separable`: another voice is on the same channel.
    """
    if not set(mute) <= {party.party for party in recording.parties}:
        return Refusal(Kind.MALFORMED, "party_unknown", "This recording has no such party.")
    if mute and recording.container is not None:
        return Refusal(Kind.CONFLICT, "not_separable", "All parties are on one track, as they were sent.")
    channels = frozenset(party.channel for party in recording.parties if party.party in mute)
    if any(party.channel in channels and party.party not in mute for party in recording.parties):
        return Refusal(Kind.CONFLICT, "not_separable", "Another party speaks on the same channel.")
    return channels


def kept_frames(recording: Recording, spans: Spans) -> Spans:
    """Return the frames that may be heard for these spans (milliseconds since the answer)."""
    lawful = heard(recording.stretches, spans, recording.sound, recording.frames)
    return intersection(lawful, recording.keep)


def whole(recording: Recording, keep: Spans, silent: frozenset[int]) -> bool:
    """Whether nothing would be silenced: then the received file is given back."""
    as_received = recording.original is not None or recording.container is not None
    return as_received and not silent and keep == normal([(0, recording.frames)])


def render(recording: Recording, keep: Spans, silent: frozenset[int], original: Wrapping | None) -> Rendering:
    """Return the file to give. `original` is what stood around the frames, where `whole` says that it is given."""
    sound, frames = recording.sound, recording.frames
    if recording.container is not None and whole(recording, keep, silent):
        return _as_it_is(recording, recording.container)
    head, tail = (original.head, original.tail) if original else (header(sound, frames), pad(sound, frames))
    decoded = recording.container is not None
    return Rendering(sound=sound, frames=frames, keep=keep, silent=silent, head=head, tail=tail, decoded=decoded)


def _as_it_is(recording: Recording, container: Container) -> Rendering:
    """The one track is the file: each byte of it is given as a sample of one byte is, and none is silenced."""
    [track] = recording.tracks
    return Rendering(
        sound=Sound(Encoding.MU_LAW, 1, recording.sound.rate),
        frames=track.size,
        keep=((0, track.size),),
        silent=frozenset(),
        head=b"",
        tail=b"",
        media_type=container.media_type,
    )


def pieces(rendering: Rendering, start: int, stop: int) -> Iterator[bytes | Frames]:
    """Return what bytes [start, stop) of the file are made of, in order."""
    size = rendering.sound.frame_size
    begins = len(rendering.head)
    ends = begins + rendering.frames * size
    if start < begins:
        yield rendering.head[start:stop]
    low, high = max(start, begins) - begins, min(stop, ends) - begins
    if low < high:
        first = low // size
        yield Frames(first=first, stop=-(-high // size), skip=low - first * size, take=high - low)
    if stop > ends:
        yield rendering.tail[max(start - ends, 0) : stop - ends]


def frames_of(rendering: Rendering, first: int, tracks: Sequence[bytes | memoryview | None], frames: int) -> bytes:
    """Return `frames` frames from number `first` on as bytes: tracks put together, what is not kept silenced."""
    together = interleave(rendering.sound, tracks, frames)
    silence(rendering.sound, together, first=first, keep=rendering.keep)
    return together.tobytes()


def decoded_frames_of(rendering: Rendering, first: int, frames: bytes | memoryview) -> bytes:
    """Return decoded frames from number `first` on, what is not kept silenced."""
    return silence_frames(rendering.sound, frames, first=first, keep=rendering.keep)
