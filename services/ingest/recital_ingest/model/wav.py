"""The WAV container read as it streams by, and written anew: RIFF, RF64 and BW64; PCM 16, A-law, mu-law.

What stands before and after the samples is kept as it is, so that nothing is lost of a recording without masks. Which
samples may be kept is not decided here.
"""

import struct
from dataclasses import dataclass
from enum import Enum, auto

from recital_errors import Malformed, RecitalError, UnsupportedMedia

from recital_ingest.model.sound import Encoding, Sound

LARGEST_HEAD = 256 * 1024
LARGEST_TAIL = 256 * 1024
CHANNELS = range(1, 9)
RATES = range(8_000, 48_001)
# Live writers that do not know their length write one of these (0x7FFFF000: SoX and others).
UNKNOWN = frozenset({0, 0x7FFFF000, 0xFFFFFFFF})
UNKNOWN_64 = frozenset({0, 0xFFFFFFFFFFFFFFFF})
_LARGEST_RIFF = 0xFFFFFFFF
_EXTENSIBLE = 0xFFFE
# The 14 bytes that make a format tag a GUID (KSDATAFORMAT_SUBTYPE, mmreg.h).
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_TAGS = {(1, 16): Encoding.PCM_16, (6, 8): Encoding.A_LAW, (7, 8): Encoding.MU_LAW}
# GSM 6.10 ("wav49") and IMA ADPCM, as telephone exchanges write them: only a decoder can read those.
_CODED = frozenset({(0x31, 0), (0x11, 4)})
_TAG_OF = {encoding: tag for (tag, _), encoding in _TAGS.items()}
_SIGNATURES = (b"RIFF", b"RF64", b"BW64")


class _Where(Enum):
    HEAD = auto()
    DATA = auto()
    TAIL = auto()


@dataclass(frozen=True, slots=True)
class Wrapping:
    """The bytes around whole frames: `head` + frames + `tail` is what was received."""

    head: bytes
    tail: bytes

    def to_bytes(self) -> bytes:
        """Return both as one value."""
        return struct.pack("<I", len(self.head)) + self.head + self.tail

    @classmethod
    def from_bytes(cls, value: bytes) -> "Wrapping":
        """Return what `to_bytes` was made of."""
        size = 4 + struct.unpack_from("<I", value)[0]
        return cls(head=value[4:size], tail=value[size:])


class CodedSamples(UnsupportedMedia):
    """A WAV file whose samples only a decoder can read."""


class WavReader:
    """Takes a WAV file in pieces of any size and gives back whole frames.

    `sound` and `frames_stated` are known once `started`. Errors: UnsupportedMedia where this is no WAV we take,
    Malformed where it is damaged.
    """

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.sound: Sound | None = None
        self.started = False
        self.frames_stated: int | None = None
        """Whole frames the header promises; None where a live writer did not know."""
        self.received = 0
        """Bytes taken so far."""
        self._where = _Where.HEAD
        self._head = bytearray()
        self._next = 12  # where in the head the next chunk begins
        self._left: int | None = None  # bytes of samples still to come
        self._part = b""  # of a frame that is not whole yet
        self._tail = bytearray()
        self._riff_size: int | None = None
        self._data_size_64: int | None = None

    @property
    def begins(self) -> int:
        """Where in the file the samples begin, once `started`."""
        return len(self._head)

    def feed(self, piece: bytes) -> bytes | memoryview:
        """Take the next piece; return the whole frames that are complete by now."""
        self.received += len(piece)
        rest = memoryview(piece)
        if self._where is _Where.HEAD:
            rest = self._feed_head(rest)
        frames: bytes | memoryview = b""
        if self._where is _Where.DATA:
            frames, rest = self._feed_data(rest)
        if self._where is _Where.TAIL:
            self._tail += rest
            if len(self._tail) > LARGEST_TAIL:
                raise Malformed("audio_chunks_too_large", "What follows the samples is larger than 256 KiB.")
        return frames

    def finish(self) -> Wrapping:
        """Say that no more comes. Raises where something is missing."""
        if self._where is _Where.HEAD:
            raise self.unfinished()
        if self._left:
            raise Malformed("audio_truncated", "The file ends before its samples do.")
        # A last odd chunk's pad byte is often counted and not written.
        if self._riff_size is not None and self.received + 1 < self._riff_size + 8:
            raise Malformed("audio_truncated", "The file ends before its header says.")
        return Wrapping(head=bytes(self._head), tail=self._part + bytes(self._tail))

    def unfinished(self) -> RecitalError:
        """Return what is wrong with a file that ends before its samples begin."""
        signature = bytes(self._head[:4])
        if any(known.startswith(signature) for known in _SIGNATURES):
            return Malformed("audio_truncated", "The file ends before its samples begin.")
        return _not_wav()

    def _feed_head(self, piece: memoryview) -> memoryview:
        already = len(self._head)
        self._head += piece[: LARGEST_HEAD + 1 - already]
        if len(self._head) >= 4 and bytes(self._head[:4]) not in _SIGNATURES:
            raise _not_wav()
        if len(self._head) < 12:
            return piece[:0]
        if bytes(self._head[8:12]) != b"WAVE":
            raise _not_wav()
        begins = self._walk()
        if begins is None:
            if len(self._head) > LARGEST_HEAD:
                raise Malformed("audio_chunks_too_large", "What precedes the samples is larger than 256 KiB.")
            return piece[:0]
        del self._head[begins:]
        self.started = True
        self._where = _Where.DATA
        return piece[begins - already :]

    def _walk(self) -> int | None:
        """Go over the chunks in the head; return where the samples begin, or None while that has not come."""
        while len(self._head) >= self._next + 8:
            name, size = struct.unpack_from("<4sI", self._head, self._next)
            body = self._next + 8
            if name == b"data":
                self._begin_data(size)
                return body
            if len(self._head) < body + min(size, 40) and name in (b"fmt ", b"ds64"):
                return None
            if name == b"fmt ":
                self._read_format(bytes(self._head[body : body + min(size, 40)]))
            elif name == b"ds64":
                self._read_sizes(bytes(self._head[body : body + min(size, 16)]))
            self._next = body + size + size % 2
        return None

    def _begin_data(self, size: int) -> None:
        if self.sound is None:
            raise Malformed("audio_malformed", "The samples come before their format.")
        if self._head[:4] == b"RIFF":
            stated = None if size in UNKNOWN else size
            riff = struct.unpack_from("<I", self._head, 4)[0]
            self._riff_size = None if riff in UNKNOWN or stated is None else riff
        elif size == _LARGEST_RIFF:
            stated = self._data_size_64
        else:
            stated = None if size in UNKNOWN else size
        self._left = stated
        self.frames_stated = None if stated is None else stated // self.sound.frame_size

    def _read_sizes(self, body: bytes) -> None:
        if len(body) < 16:
            raise Malformed("audio_malformed", "The chunk of 64-bit sizes is too short.")
        data = struct.unpack_from("<Q", body, 8)[0]
        self._data_size_64 = None if data in UNKNOWN_64 else data

    def _read_format(self, body: bytes) -> None:
        if self.sound is not None:
            raise Malformed("audio_malformed", "There are two formats.")
        if len(body) < 16:
            raise Malformed("audio_malformed", "The format chunk is too short.")
        tag, channels, rate, _per_second, frame_size, bits = struct.unpack_from("<HHIIHH", body)
        if tag == _EXTENSIBLE:
            tag = _extended_tag(body, bits)
        if (tag, bits) in _CODED:
            raise CodedSamples("audio_encoding_unsupported")
        encoding = _TAGS.get((tag, bits))
        if encoding is None:
            raise UnsupportedMedia("audio_encoding_unsupported", "Only PCM 16, A-law and mu-law are taken in WAV.")
        if channels == 0:
            raise Malformed("audio_malformed", "The file has no channel.")
        if channels not in CHANNELS or rate not in RATES:
            raise UnsupportedMedia("audio_format_unsupported", "Only 1 to 8 channels at 8 to 48 kHz are taken.")
        self.sound = Sound(encoding, channels, rate)
        if frame_size != self.sound.frame_size:
            raise Malformed("audio_malformed", "The size of a frame contradicts its channels.")

    def _feed_data(self, piece: memoryview) -> tuple[bytes | memoryview, memoryview]:
        mine, rest = (piece, piece[:0]) if self._left is None else (piece[: self._left], piece[self._left :])
        if self._left is not None:
            self._left -= len(mine)
            if self._left == 0:
                self._where = _Where.TAIL
        frame_size = self.sound.frame_size if self.sound else 1
        whole = self._part + mine if self._part else mine
        over = len(whole) % frame_size
        self._part = bytes(whole[len(whole) - over :])
        return whole[: len(whole) - over], rest


def _not_wav() -> UnsupportedMedia:
    return UnsupportedMedia("audio_not_wav", "This is not a WAV file.")


def _extended_tag(body: bytes, bits: int) -> int:
    """Return the format tag inside WAVE_FORMAT_EXTENSIBLE; 0 (which nobody has) where it is not one of the old ones."""
    if len(body) < 40:
        raise Malformed("audio_malformed", "The extensible format chunk is too short.")
    valid_bits, tag = struct.unpack_from("<H", body, 18)[0], struct.unpack_from("<H", body, 24)[0]
    return int(tag) if body[26:40] == _GUID_TAIL and valid_bits in (0, bits) else 0


def header(sound: Sound, frames: int) -> bytes:
    """Return a header of nothing but format and sizes, right for `frames` frames: RF64 (EBU 3306) past 4 GiB."""
    size = frames * sound.frame_size
    form = struct.pack(
        "<4sIHHIIHH",
        b"fmt ",
        16 if sound.encoding is Encoding.PCM_16 else 18,
        _TAG_OF[sound.encoding],
        sound.channels,
        sound.rate,
        sound.rate * sound.frame_size,
        sound.frame_size,
        sound.encoding.width * 8,
    )
    if sound.encoding is not Encoding.PCM_16:
        form += b"\0\0"  # no extension: required of every format but PCM (mmreg.h)
    whole = 4 + len(form) + 8 + size + size % 2
    if whole <= _LARGEST_RIFF:
        return struct.pack("<4sI4s", b"RIFF", whole, b"WAVE") + form + struct.pack("<4sI", b"data", size)
    sizes = struct.pack("<4sIQQQI", b"ds64", 28, whole + 36, size, frames, 0)
    data = struct.pack("<4sI", b"data", _LARGEST_RIFF)
    return struct.pack("<4sI4s", b"RF64", _LARGEST_RIFF, b"WAVE") + sizes + form + data


def pad(sound: Sound, frames: int) -> bytes:
    """Return what follows the samples of `frames` frames: RIFF chunks have an even length."""
    return b"\0" * (frames * sound.frame_size % 2)
