import struct

import numpy as np
import pytest
from recital_ingest.decisions.peaks import POINTS, Peaks, frames_per_point, shown
from recital_ingest.model.sound import Encoding, Sound


@pytest.mark.parametrize(("frames", "step"), [(0, 1), (1, 1), (POINTS, 1), (POINTS + 1, 2), (80_000, 80)])
def test_a_channel_has_at_most_a_thousand_points(frames: int, step: int) -> None:
    assert frames_per_point(frames) == step


def test_each_point_has_its_lowest_and_highest_sample_whatever_the_pieces() -> None:
    frames = 2 * POINTS + 2
    samples = np.zeros(frames, dtype="<i2")
    samples[3], samples[4], samples[-1] = -32_768, 32_767, 256
    for size in (2, 14, 4_096):
        peaks = Peaks(Encoding.PCM_16, frames)
        data = samples.tobytes()
        for start in range(0, len(data), size):
            peaks.take(data[start : start + size])
        found = peaks.finish()
        assert len(found) == 2 * 668
        assert found[:4] == [0, 0, -128, 127]
        assert found[-2:] == [1, 1]
    assert Peaks(Encoding.PCM_16, 0).finish() == []


@pytest.mark.parametrize(
    ("encoding", "codes"),
    [
        # ITU-T G.711: silence, the loudest of both signs, and one in between.
        (Encoding.MU_LAW, {0xFF: 0, 0x7F: 0, 0x80: 32_124, 0x00: -32_124, 0xEF: 132}),
        (Encoding.A_LAW, {0xD5: 8, 0x55: -8, 0xAA: 32_256, 0x2A: -32_256}),
    ],
)
def test_both_laws_are_read_as_what_they_mean(encoding: Encoding, codes: dict[int, int]) -> None:
    for code, value in codes.items():
        peaks = Peaks(encoding, 1)
        peaks.take(struct.pack("B", code))
        assert peaks.finish() == [value >> 8, value >> 8]


def test_what_may_not_be_heard_is_level() -> None:
    sound = Sound(Encoding.PCM_16, 1, 8_000)
    peaks = [[-1, 1] * 1_000]
    found = shown(peaks, sound, 80_000, ((80, 200), (79_900, 80_000)))
    assert (found["samples_per_pixel"], found["length"], found["channels"]) == (80, 1_000, 1)
    heard = [point for point in range(1_000) if found["data"][0][2 * point]]
    assert heard == [1, 999]
    assert found["data"][0][2:4] == [-1, 1]
