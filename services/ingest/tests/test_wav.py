import struct
from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recital_errors import Malformed, RecitalError, UnsupportedMedia
from recital_ingest.model.sound import Encoding, Sound
from recital_ingest.model.wav import LARGEST_HEAD, LARGEST_TAIL, WavReader, Wrapping, header, pad

MakeWav = Callable[..., bytes]
STEREO = Sound(Encoding.MU_LAW, 2, 8_000)
SOUNDS = st.builds(
    Sound, st.sampled_from(Encoding), st.integers(1, 8), st.sampled_from([8_000, 16_000, 44_100, 48_000])
)
CHUNKS = st.lists(
    st.tuples(st.sampled_from([b"LIST", b"bext", b"JUNK", b"fact", b"\0\xff\x01 "]), st.binary(max_size=33)), max_size=3
).map(tuple)


def read(pieces: Iterable[bytes]) -> tuple[WavReader, bytes, Wrapping]:
    reader = WavReader()
    frames = b"".join(bytes(reader.feed(piece)) for piece in pieces)
    return reader, frames, reader.finish()


def cut(file: bytes, sizes: list[int]) -> Iterator[bytes]:
    """Cut a file into pieces of these sizes, over and over."""
    at, turn = 0, 0
    while at < len(file):
        yield file[at : at + sizes[turn % len(sizes)]]
        at, turn = at + sizes[turn % len(sizes)], turn + 1


@settings(max_examples=300, deadline=None)
@given(
    sound=SOUNDS,
    frames=st.integers(1, 50),
    before=CHUNKS,
    after=CHUNKS,
    extensible=st.booleans(),
    form=st.sampled_from([b"RIFF", b"RF64", b"BW64"]),
    over=st.integers(0, 3),
    sizes=st.lists(st.integers(1, 70), min_size=1, max_size=6),
)
def test_every_file_in_any_pieces_is_taken_apart_and_put_together_byte_for_byte(
    wav: MakeWav,
    samples: Callable[..., bytes],
    sound: Sound,
    frames: int,
    before: tuple[tuple[bytes, bytes], ...],
    after: tuple[tuple[bytes, bytes], ...],
    extensible: bool,
    form: bytes,
    over: int,
    sizes: list[int],
) -> None:
    over %= sound.frame_size
    content = samples(sound, frames)
    file = wav(sound, content + b"\x07" * over, before=before, after=after, extensible=extensible, form=form)
    reader, audio, wrapping = read(cut(file, sizes))
    assert reader.sound == sound
    assert reader.frames_stated == frames
    assert audio == content
    assert wrapping.head + audio + wrapping.tail == file
    assert reader.begins == len(wrapping.head)
    assert reader.received == len(file)


@pytest.mark.parametrize("unknown", [0, 0x7FFFF000, 0xFFFFFFFF])
def test_a_live_writers_unknown_length_runs_to_the_end(wav: MakeWav, unknown: int) -> None:
    file = wav(STEREO, b"abcdefg", data_size=unknown, riff_size=unknown)
    reader, audio, wrapping = read([file])
    assert (reader.frames_stated, audio, wrapping.tail) == (None, b"abcdef", b"g")


def test_an_unknown_length_in_rf64_runs_to_the_end(wav: MakeWav) -> None:
    for unknown in (0, 0xFFFFFFFFFFFFFFFF):
        file = wav(STEREO, b"abcdef", form=b"RF64", data_size=unknown)
        reader, audio, _ = read([file])
        assert (reader.frames_stated, audio) == (None, b"abcdef")


def test_rf64_may_state_its_small_size_in_the_chunk_itself(wav: MakeWav) -> None:
    file = wav(STEREO, b"abcdef", form=b"RF64")
    for said, stated in ((6, 3), (0, None)):
        reader, audio, _ = read([file.replace(b"data\xff\xff\xff\xff", b"data" + struct.pack("<I", said))])
        assert (reader.frames_stated, audio) == (stated, b"abcdef")


def test_a_header_that_counts_the_pad_it_did_not_write_is_taken(wav: MakeWav) -> None:
    file = wav(STEREO, b"abcdefg")
    _, audio, wrapping = read([file[:-1]])
    assert (audio, wrapping.tail) == (b"abcdef", b"g")


def test_every_truncation_of_a_file_is_refused(wav: MakeWav) -> None:
    file = wav(STEREO, b"abcdef", before=((b"LIST", b"xyz"),), after=((b"bext", b"1234"),))
    for length in range(len(file) - 1):
        with pytest.raises((Malformed, UnsupportedMedia)) as refused:
            read([file[:length]])
        assert refused.value.code in ("audio_truncated", "audio_not_wav")


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"tag": 0x31}, UnsupportedMedia, "audio_encoding_unsupported"),
        ({"tag": 0x11, "bits": 4}, UnsupportedMedia, "audio_encoding_unsupported"),
        ({"tag": 1}, UnsupportedMedia, "audio_encoding_unsupported"),
        ({"channels": 0}, Malformed, "audio_malformed"),
        ({"channels": 9, "frame": 9}, UnsupportedMedia, "audio_format_unsupported"),
        ({"rate": 0}, UnsupportedMedia, "audio_format_unsupported"),
        ({"rate": 7_999}, UnsupportedMedia, "audio_format_unsupported"),
        ({"rate": 48_001}, UnsupportedMedia, "audio_format_unsupported"),
        ({"rate": 0xFFFFFFFF}, UnsupportedMedia, "audio_format_unsupported"),
        ({"frame": 3}, Malformed, "audio_malformed"),
        ({"extensible": True, "inner": 3}, UnsupportedMedia, "audio_encoding_unsupported"),
        ({"extensible": True, "valid": 7}, UnsupportedMedia, "audio_encoding_unsupported"),
        ({"before": ((b"fmt ", b"short"),)}, Malformed, "audio_malformed"),
        ({"before": ((b"data", b"12"),)}, Malformed, "audio_malformed"),
        ({"before": ((b"ds64", b"12"),)}, Malformed, "audio_malformed"),
        ({"before": ((b"JUNK", bytes(LARGEST_HEAD)),)}, Malformed, "audio_chunks_too_large"),
        ({"after": ((b"JUNK", bytes(LARGEST_TAIL)),)}, Malformed, "audio_chunks_too_large"),
    ],
)
def test_a_file_we_do_not_take_is_refused_with_its_reason(
    wav: MakeWav, changes: dict[str, object], error: type[RecitalError], code: str
) -> None:
    with pytest.raises(error) as refused:
        read([wav(STEREO, b"abcdef", **changes)])
    assert refused.value.code == code


def test_two_formats_are_refused(wav: MakeWav) -> None:
    form = wav(STEREO, b"")[20:36]
    with pytest.raises(Malformed, match="two formats"):
        read([wav(STEREO, b"abcdef", before=((b"fmt ", form),))])


def test_an_extensible_format_that_is_too_short_is_refused(wav: MakeWav) -> None:
    with pytest.raises(Malformed, match="too short"):
        read([wav(STEREO, b"abcdef", tag=0xFFFE)])


def test_an_extensible_format_with_a_foreign_guid_is_refused(wav: MakeWav) -> None:
    file = wav(STEREO, b"abcdef", extensible=True)
    with pytest.raises(UnsupportedMedia):
        read([file.replace(b"\x00\x38\x9b\x71", b"\x00\x38\x9b\x72")])


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", Malformed),
        (b"R", Malformed),
        (b"RIFF\0\0\0\0WAV", Malformed),
        (b"X", UnsupportedMedia),
        (b"<html><body>not audio</body></html>", UnsupportedMedia),
        (b"RIFX\0\0\0\x10WAVEfmt ", UnsupportedMedia),
        (b"RIFF\x10\0\0\0AVI LIST", UnsupportedMedia),
        (b"#EXTM3U\nhttp://192.0.2.1/a.wav", UnsupportedMedia),
        (b"PK\x03\x04" + bytes(60), UnsupportedMedia),
    ],
)
def test_what_is_no_wav_is_told_from_what_is_half_a_wav(body: bytes, error: type[RecitalError]) -> None:
    for pieces in ([body], [body[:1], body[1:]]):
        with pytest.raises(error):
            read(pieces)


@given(st.binary(max_size=300), st.integers(0, 120), st.integers(0, 255))
def test_a_damaged_file_is_refused_or_given_back_as_it_came(wav: MakeWav, noise: bytes, at: int, value: int) -> None:
    file = bytearray(wav(STEREO, b"abcdefgh" + noise, before=((b"LIST", b"abc"),), after=((b"bext", b"12345"),)))
    file[at % len(file)] = value
    try:
        _, audio, wrapping = read([bytes(file)])
    except (Malformed, UnsupportedMedia):
        return
    assert wrapping.head + audio + wrapping.tail == bytes(file)


@given(SOUNDS, st.integers(1, 40))
def test_a_header_written_anew_is_read_as_what_it_was_written_for(sound: Sound, frames: int) -> None:
    content = bytes(frames * sound.frame_size)
    reader, audio, wrapping = read([header(sound, frames) + content + pad(sound, frames)])
    assert (reader.sound, reader.frames_stated, audio) == (sound, frames, content)
    assert wrapping.tail == b"\0" * (len(content) % 2)


def test_a_header_past_four_gigabytes_states_64_bit_sizes() -> None:
    frames = 1 << 31
    sound = Sound(Encoding.PCM_16, 2, 48_000)
    made = header(sound, frames)
    reader = WavReader()
    reader.feed(made)
    assert reader.frames_stated == frames
    assert struct.unpack_from("<Q", made, 20)[0] == len(made) - 8 + frames * 4


@given(st.builds(Wrapping, st.binary(max_size=20), st.binary(max_size=20)))
def test_what_stands_around_the_samples_is_one_value_and_both_again(wrapping: Wrapping) -> None:
    assert Wrapping.from_bytes(wrapping.to_bytes()) == wrapping
