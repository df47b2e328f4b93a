"""Which kind of file this is, told by its first bytes and never by its name; and raw samples, told by the media type.

Nothing is decoded here. WAV with samples that are kept as they are is read by model/wav.
"""

from collections.abc import Mapping
from enum import Enum

from recital_errors import FieldError, Malformed

from recital_ingest.model.sound import Encoding, Sound

NEEDED = 64
"""Bytes that are enough to tell."""

_LAYER = 0x06
_LONGEST_NUMBER = 6


class Container(Enum):
    """A file whose samples only a decoder can read. Of WAV: GSM and IMA ADPCM."""

    OGG = "ogg"
    MP3 = "mp3"
    FLAC = "flac"
    M4A = "m4a"
    AAC = "aac"
    WAV = "wav"

    @property
    def media_type(self) -> str:
        """What it is called on the wire (RFC 3003, 4337, 5334, 9639)."""
        return {"mp3": "audio/mpeg", "m4a": "audio/mp4"}.get(self.value, f"audio/{self.value}")


def recognise(head: bytes) -> Container | None:
    """Return what a file is by its first `NEEDED` bytes; None where it is not of these (it may be WAV)."""
    if head[:4] == b"OggS":
        # The first page of Opus holds its head alone (RFC 7845 3).
        return Container.OGG if head[28:36] == b"OpusHead" else None
    if head[:4] == b"fLaC":
        return Container.FLAC
    if head[4:8] == b"ftyp":
        return Container.M4A
    if head[:3] == b"ID3":
        return Container.MP3
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xF0 == 0xF0:  # a frame begins so (ISO 11172-3)
        return Container.MP3 if head[1] & _LAYER else Container.AAC
    return None


RAW_TYPES: Mapping[str, Encoding] = {
    "audio/pcmu": Encoding.MU_LAW,
    "audio/pcma": Encoding.A_LAW,
    "audio/l16": Encoding.PCM_16,
    "audio/pcm": Encoding.PCM_16,
}
"""Samples without a file around them (RFC 3551; L16 has its high byte first, audio/pcm its low byte)."""


def raw_sound(media_type: str, parameters: Mapping[str, str]) -> Sound | None:
    """Return the format of raw samples; None for any other media type. Raises Malformed `audio_parameters_missing`.

    G.711 is 8 kHz and one channel unless it says otherwise, PCM must say `rate`.
    """
    encoding = RAW_TYPES.get(media_type)
    if encoding is None:
        return None
    rate = _number(parameters, "rate", None if encoding is Encoding.PCM_16 else 8_000)
    return Sound(encoding, _number(parameters, "channels", 1), rate)


def _number(parameters: Mapping[str, str], name: str, default: int | None) -> int:
    said = parameters.get(name)
    if said is None and default is not None:
        return default
    if said is None or not said.isascii() or not said.isdigit() or len(said) > _LONGEST_NUMBER:
        wrong = FieldError("Content-Type", f"{name} must be there, a whole number")
        raise Malformed("audio_parameters_missing", "Raw samples need their format.", fields=[wrong])
    return int(said)
