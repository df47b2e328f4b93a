"""What the samples of a recording are, and how they are taken apart into tracks and put together again.

All of it is vectorised and works on whole frames (one sample of every channel).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recital_ingest.model.spans import Spans, gaps

Samples: TypeAlias = NDArray[Any]
"""Samples of one encoding, as unsigned numbers of its width."""


class Encoding(Enum):
    """How one sample is written. Silence is the format's zero."""

    PCM_16 = "pcm_16"
    A_LAW = "a_law"
    MU_LAW = "mu_law"

    @property
    def width(self) -> int:
        """Bytes of one sample."""
        return 2 if self is Encoding.PCM_16 else 1

    @property
    def silence(self) -> int:
        """The value of a silent sample (ITU-T G.711 for the two laws)."""
        return {Encoding.PCM_16: 0x0000, Encoding.A_LAW: 0xD5, Encoding.MU_LAW: 0xFF}[self]

    @property
    def dtype(self) -> "np.dtype[Any]":
        """The samples as numbers: only moved and silenced here, never computed with."""
        return np.dtype("<u2") if self is Encoding.PCM_16 else np.dtype("u1")


@dataclass(frozen=True, slots=True)
class Sound:
    """The format of a recording: encoding, channels, frames per second."""

    encoding: Encoding
    channels: int
    rate: int

    @property
    def frame_size(self) -> int:
        """Bytes of one frame."""
        return self.channels * self.encoding.width


def split(sound: Sound, frames: bytes | memoryview) -> list[Samples]:
    """Return each channel's samples of whole frames, as writable arrays of their own."""
    together = np.frombuffer(frames, dtype=sound.encoding.dtype).reshape(-1, sound.channels)
    return [together[:, channel].copy() for channel in range(sound.channels)]


def silence(sound: Sound, samples: Samples, *, first: int, keep: Spans) -> None:
    """Silence, in place, the samples of one channel that lie outside `keep`; `first` is the number of the first."""
    for start, stop in gaps(keep, first, first + len(samples)):
        samples[start - first : stop - first] = sound.encoding.silence


def interleave(sound: Sound, tracks: Sequence[bytes | memoryview | None], frames: int) -> Samples:
    """Return `frames` frames as a (frames, channels) array; a channel whose track is None is silent."""
    together: Samples = np.empty((frames, sound.channels), dtype=sound.encoding.dtype)
    for channel, track in enumerate(tracks):
        if track is None:
            together[:, channel] = sound.encoding.silence
        else:
            together[:, channel] = np.frombuffer(track, dtype=sound.encoding.dtype)
    return together


def silence_frames(sound: Sound, frames: bytes | memoryview, *, first: int, keep: Spans) -> bytes:
    """Return whole frames with those outside `keep` silenced on every channel; `first` is the number of the first."""
    together = np.frombuffer(frames, dtype=sound.encoding.dtype).reshape(-1, sound.channels).copy()
    silence(sound, together, first=first, keep=keep)
    return together.tobytes()
