"""The peaks of a recording: per channel and point the lowest and the highest sample, in 8 bits.

Computed once over all that is kept; what a listener may not hear is level when it is shown.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recital_ingest.model.sound import Encoding, Sound
from recital_ingest.model.spans import Spans

POINTS = 1_000
"""At most so many per channel."""


def frames_per_point(frames: int) -> int:
    """Return how many frames one point stands for."""
    return max(1, -(-frames // POINTS))


class Peaks:
    """Takes one channel's samples in pieces."""

    def __init__(self, encoding: Encoding, frames: int) -> None:
        """`frames` is how many will come."""
        self._encoding, self._step = encoding, frames_per_point(frames)
        self._waiting: NDArray[np.int16] = np.empty(0, dtype=np.int16)
        self._found: list[int] = []

    def take(self, samples: bytes) -> None:
        """Take the next samples."""
        linear = np.concatenate([self._waiting, _linear(self._encoding, samples)])
        whole = len(linear) // self._step * self._step
        self._add(linear[:whole].reshape(-1, self._step))
        self._waiting = linear[whole:]

    def finish(self) -> list[int]:
        """Return lowest and highest in turn, from -128 to 127, point by point."""
        if len(self._waiting):
            self._add(self._waiting.reshape(1, -1))
        return self._found

    def _add(self, points: NDArray[np.int16]) -> None:
        both = np.stack([points.min(axis=1), points.max(axis=1)], axis=1) >> 8
        self._found += [int(each) for each in both.ravel()]


def shown(peaks: Sequence[Sequence[int]], sound: Sound, frames: int, keep: Spans) -> Mapping[str, Any]:
    """Return peaks as they are given out: a point is level unless all of it lies in `keep` (frames)."""
    step, length = frames_per_point(frames), len(peaks[0]) // 2
    heard = np.zeros(length, dtype=bool)
    for start, stop in keep:
        heard[-(-start // step) : length if stop >= frames else stop // step] = True
    level = np.repeat(heard, 2)
    data = [[int(value) for value in np.where(level, np.asarray(each), 0)] for each in peaks]
    return {
        "channels": len(peaks),
        "sample_rate": sound.rate,
        "samples_per_pixel": step,
        "bits": 8,
        "length": length,
        "data": data,
    }


def _linear(encoding: Encoding, samples: bytes) -> NDArray[np.int16]:
    if encoding is Encoding.PCM_16:
        return np.frombuffer(samples, dtype="<i2")
    return _table(encoding)[np.frombuffer(samples, dtype=np.uint8)]


@cache
def _table(encoding: Encoding) -> NDArray[np.int16]:
    """The value of each code (ITU-T G.711)."""
    code = np.arange(256)
    if encoding is Encoding.MU_LAW:
        code = ~code & 0xFF
        size = ((((code & 0x0F) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
        return np.where(code & 0x80, -size, size).astype(np.int16)
    code = code ^ 0x55
    exponent, low = (code >> 4) & 7, (code & 0x0F) << 4
    size = np.where(exponent == 0, low + 8, (low + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, size, -size).astype(np.int16)
