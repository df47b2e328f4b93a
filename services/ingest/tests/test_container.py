import pytest
from recital_errors import Malformed, UnsupportedMedia
from recital_ingest.model.container import Container, raw_sound, recognise
from recital_ingest.model.media import media_type_of, raw_reader
from recital_ingest.model.raw import RawReader
from recital_ingest.model.sound import Encoding, Sound

OPUS = b"OggS" + bytes(24) + b"OpusHead"


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (OPUS, Container.OGG),
        (b"OggS" + bytes(24) + b"\x01vorbis", None),
        (b"fLaC\0\0\0\x22", Container.FLAC),
        (b"\0\0\0\x20ftypM4A ", Container.M4A),
        (b"ID3\x04\0", Container.MP3),
        (b"\xff\xfb\x90", Container.MP3),
        (b"\xff\xf1\x50", Container.AAC),
        (b"\xff\xf9\x50", Container.AAC),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"<html>", None),
        (b"#EXTM3U", None),
        (b"\xff\xd8\xff", None),
        (b"\xff\xfb", None),
        (b"", None),
    ],
)
def test_a_file_is_recognised_by_its_first_bytes(head: bytes, container: Container | None) -> None:
    assert recognise(head) is container


def test_containers_have_their_names_on_the_wire() -> None:
    assert [each.media_type for each in Container] == [
        *("audio/ogg", "audio/mpeg", "audio/flac", "audio/mp4", "audio/aac", "audio/wav")
    ]


@pytest.mark.parametrize(
    ("header", "sound"),
    [
        ("audio/PCMU", Sound(Encoding.MU_LAW, 1, 8_000)),
        ('Audio/pcma; Channels="2";rate=16000', Sound(Encoding.A_LAW, 2, 16_000)),
        ("audio/L16; rate=44100", Sound(Encoding.PCM_16, 1, 44_100)),
        ("audio/wav; rate=8000", None),
        (None, None),
    ],
)
def test_raw_samples_are_what_their_media_type_says(header: str | None, sound: Sound | None) -> None:
    assert raw_sound(*media_type_of(header)) == sound


@pytest.mark.parametrize("said", ["audio/L16", "audio/L16;rate=-8000", "audio/L16;rate=٨", "audio/PCMU;channels=x"])
def test_raw_samples_that_do_not_say_their_format_are_refused(said: str) -> None:
    with pytest.raises(Malformed):
        raw_reader(*media_type_of(said))


@pytest.mark.parametrize("said", ["audio/PCMU;channels=0", "audio/PCMU;channels=9", "audio/L16;rate=96000"])
def test_raw_samples_of_a_format_that_is_not_taken_are_refused(said: str) -> None:
    with pytest.raises(UnsupportedMedia):
        raw_reader(*media_type_of(said))


@pytest.mark.parametrize("size", [1, 2, 3, 1_000])
@pytest.mark.parametrize(("high_byte_first", "kept"), [(False, b"\x01\x02\x03\x04"), (True, b"\x02\x01\x04\x03")])
def test_raw_samples_come_out_whole_however_they_are_cut(size: int, high_byte_first: bool, kept: bytes) -> None:
    reader = RawReader(Sound(Encoding.PCM_16, 2, 8_000), high_byte_first=high_byte_first)
    body = b"\x01\x02\x03\x04" * 3
    out = b"".join(bytes(reader.feed(body[start : start + size])) for start in range(0, len(body), size))
    wrapping = reader.finish()
    assert (out, wrapping.head + wrapping.tail, reader.received) == (kept * 3, b"", 12)


@pytest.mark.parametrize("body", [b"", b"\x01\x02\x03"])
def test_raw_samples_that_end_within_a_frame_are_refused(body: bytes) -> None:
    reader = RawReader(Sound(Encoding.PCM_16, 2, 8_000), high_byte_first=False)
    reader.feed(body)
    with pytest.raises(Malformed):
        reader.finish()
