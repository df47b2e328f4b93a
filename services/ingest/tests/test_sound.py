import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from recital_ingest.model.sound import Encoding, Sound, interleave, silence, split
from recital_ingest.model.spans import normal

SOUNDS = st.builds(Sound, st.sampled_from(Encoding), st.integers(1, 8), st.just(8_000))
SILENT = {Encoding.PCM_16: b"\0\0", Encoding.A_LAW: b"\xd5", Encoding.MU_LAW: b"\xff"}


@given(SOUNDS, st.integers(0, 40), st.randoms(use_true_random=False))
def test_what_was_split_is_put_together_again(sound: Sound, frames: int, random: st.DataObject) -> None:
    content = random.randbytes(frames * sound.frame_size)  # type: ignore[attr-defined]
    tracks = [track.tobytes() for track in split(sound, content)]
    assert len(tracks) == sound.channels
    assert interleave(sound, tracks, frames).tobytes() == content


@given(
    SOUNDS,
    st.integers(0, 40),
    st.integers(0, 20),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=5),
    st.randoms(use_true_random=False),
)
def test_masks_silence_exactly_the_frames_that_are_not_kept(
    sound: Sound, frames: int, first: int, spans: list[tuple[int, int]], random: st.DataObject
) -> None:
    content = random.randbytes(frames * sound.frame_size)  # type: ignore[attr-defined]
    keep = normal(spans)
    tracks = split(sound, content)
    for track in tracks:
        silence(sound, track, first=first, keep=keep)
    # The second implementation: one sample after the other.
    width, expected = sound.encoding.width, bytearray()
    for frame in range(frames):
        audible = any(start <= frame + first < stop for start, stop in keep)
        for channel in range(sound.channels):
            at = frame * sound.frame_size + channel * width
            expected += content[at : at + width] if audible else SILENT[sound.encoding]
    assert interleave(sound, [track.tobytes() for track in tracks], frames).tobytes() == bytes(expected)


def test_a_track_that_is_not_opened_is_silence() -> None:
    sound = Sound(Encoding.MU_LAW, 2, 8_000)
    together = interleave(sound, [b"\x01\x02", None], 2)
    assert np.array_equal(together, [[1, 0xFF], [2, 0xFF]])
