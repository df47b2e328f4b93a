from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recital_ingest.decisions.rendering import (
    Frames,
    Rendering,
    frames_of,
    kept_frames,
    muted_channels,
    pieces,
    render,
    whole,
)
from recital_ingest.model.permit import Party
from recital_ingest.model.recording import Original, Recording, party_mark
from recital_ingest.model.refusal import Refusal
from recital_ingest.model.sound import Encoding, Sound, split
from recital_ingest.model.upload import object_key
from recital_ingest.model.wav import WavReader, Wrapping

MakeRecording = Callable[..., Recording]
MakeSamples = Callable[..., bytes]
NOBODY: frozenset[int] = frozenset()


def bytes_of(rendering: Rendering, tracks: list[bytes | None], start: int, stop: int) -> bytes:
    width, given_out = rendering.sound.encoding.width, b""
    for piece in pieces(rendering, start, stop):
        if isinstance(piece, Frames):
            cut = [track and track[piece.first * width : piece.stop * width] for track in tracks]
            made = frames_of(rendering, piece.first, cut, piece.stop - piece.first)
            given_out += made[piece.skip : piece.skip + piece.take]
        else:
            given_out += piece
    return given_out


@given(
    sound=st.builds(Sound, st.sampled_from(Encoding), st.integers(1, 3), st.just(8_000)),
    frames=st.integers(1, 12),
    original=st.none() | st.builds(Wrapping, st.binary(min_size=1, max_size=9), st.binary(max_size=5)),
    muted=st.booleans(),
    keep=st.sampled_from([((0, 12),), ((2, 5),), ()]),
)
def test_any_range_of_a_rendering_is_that_range_of_the_whole(
    recording: MakeRecording,
    samples: MakeSamples,
    sound: Sound,
    frames: int,
    original: Wrapping | None,
    muted: bool,
    keep: tuple[tuple[int, int], ...],
) -> None:
    content = samples(sound, frames)
    tracks: list[bytes | None] = [track.tobytes() for track in split(sound, content)]
    if muted:
        tracks[0] = None
    made = render(recording(sound=sound, frames=frames), keep, frozenset({0}) if muted else NOBODY, original)
    file = bytes_of(made, tracks, 0, made.size)
    assert len(file) == made.size
    for start in range(made.size):
        for stop in (start + 1, start + 7, made.size):
            assert bytes_of(made, tracks, start, min(stop, made.size)) == file[start:stop]


def test_a_masked_rendering_is_a_wav_file_with_right_sizes_and_silence(
    recording: MakeRecording, samples: MakeSamples
) -> None:
    sound = Sound(Encoding.A_LAW, 1, 8_000)
    content = samples(sound, 9)
    made = render(recording(sound=sound, frames=9), ((2, 4),), NOBODY, None)
    reader = WavReader()
    audio = bytes(reader.feed(bytes_of(made, [content], 0, made.size)))
    assert reader.finish().tail == b"\0"
    assert audio == b"\xd5\xd5" + content[2:4] + b"\xd5" * 5


def test_the_received_file_is_given_back_only_where_nothing_is_silenced(recording: MakeRecording) -> None:
    plain = recording(original=Original(UUID(int=99), b"sealed"), frames=80_000)
    everything = ((0, 80_000),)
    assert whole(plain, everything, NOBODY)
    assert not whole(plain, everything, frozenset({1}))
    assert not whole(plain, ((0, 79_999),), NOBODY)
    assert not whole(recording(), everything, NOBODY)


def test_what_was_silenced_at_the_upload_stays_silent_for_every_purpose(recording: MakeRecording) -> None:
    masked = recording(keep=((8_000, 16_000),))
    assert kept_frames(masked, ((0, 1_500),)) == ((8_000, 12_000),)


def test_a_muted_partys_channel_is_not_opened(recording: MakeRecording) -> None:
    assert muted_channels(recording(), ["agent"]) == frozenset({1})
    assert muted_channels(recording(), []) == frozenset()


@pytest.mark.parametrize(("mute", "code"), [(["nobody"], "party_unknown"), (["customer"], "not_separable")])
def test_a_voice_that_shares_its_channel_or_is_unknown_cannot_be_muted(
    recording: MakeRecording, mute: list[str], code: str
) -> None:
    parties = (*recording().parties, Party("partner", None, "customer", 0))
    verdict = muted_channels(recording(parties=parties), mute)
    assert isinstance(verdict, Refusal)
    assert verdict.code == code
    assert muted_channels(recording(parties=parties), ["customer", "partner"]) == frozenset({0})


def test_a_recordings_keys_are_those_of_its_tracks_and_of_its_original(recording: MakeRecording) -> None:
    plain = recording()
    assert plain.keys == tuple(track.key for track in plain.tracks)
    assert replace(plain, original=Original(UUID(int=99), b"")).keys == (*plain.keys, UUID(int=99))


def test_a_recording_knows_whom_it_carries(recording: MakeRecording) -> None:
    anonymous = replace(recording(), parties=(Party("bot", None, "staff", 0),))
    assert recording().carries(frozenset({UUID(int=4)}))
    assert not recording().carries(frozenset({UUID(int=44)}))
    assert not anonymous.carries(frozenset({UUID(int=4)}))


def test_a_tombstones_mark_is_equal_for_the_same_label_in_the_same_call_only() -> None:
    mark = party_mark(UUID(int=1), "customer")
    assert mark == party_mark(UUID(int=1), "customer")
    assert mark not in {party_mark(UUID(int=2), "customer"), party_mark(UUID(int=1), "agent")}


def test_an_objects_name_says_nothing_but_whose_room_it_is_in() -> None:
    assert object_key(UUID(int=7)) == "ingest/00000000-0000-0000-0000-000000000007"
