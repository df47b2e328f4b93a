"""Frames: how a plaintext of any length becomes ciphertext that opens at any place and only as a whole; pure.

Every 65,536 bytes are one AES-256-GCM frame. Its nonce is its index; tenant, owner, part, index and "this is the last
one" are authenticated with it, so a frame that was moved, exchanged or cut off behind does not open. The key is
derived per object name: the same data key under two names never meets one nonce twice.
"""

import struct
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from recital_vault.broken import SealBroken
from recital_vault.small import derived

__all__ = ["FRAME", "PART_FRAMES", "SEALED_FRAME", "FrameRange", "Seal", "frame_range", "plain_size", "sealed_size"]

FRAME = 65_536
TAG = 16
SEALED_FRAME = FRAME + TAG
# Eighty frames are exactly 5 MiB of plaintext, and as ciphertext just over the 5 MiB that S3 asks of a part.
PART_FRAMES = 80
_VERSION = 1
_ASSOCIATED = struct.Struct(">B16s16sIQ?")


def frame_count(size: int) -> int:
    """How many frames hold `size` bytes; an empty plaintext is one empty frame, so that it too is authenticated."""
    return max(1, -(-size // FRAME))


def sealed_size(size: int) -> int:
    """Bytes of ciphertext for `size` bytes of plaintext."""
    return size + TAG * frame_count(size)


def plain_size(sealed: int) -> int:
    """Bytes of plaintext in `sealed` bytes of ciphertext; raises SealBroken where no plaintext has that size."""
    size = sealed - TAG * max(1, -(-sealed // SEALED_FRAME))
    if size < 0 or sealed_size(size) != sealed:
        raise SealBroken
    return size


@dataclass(frozen=True, slots=True)
class FrameRange:
    """The frames `first..last` that hold a range: `offset` and `length` of their ciphertext, and where it lies within.

    Of their plaintext the first `skip` bytes are dropped and `take` bytes given out.
    """

    first: int
    last: int
    offset: int
    length: int
    skip: int
    take: int


def frame_range(offset: int, length: int, size: int) -> FrameRange:
    """The frames for `length` bytes from `offset` of a plaintext of `size` bytes, cut at its end.

    An empty range names the frame at its start, so that even an empty plaintext is opened before it is believed.
    """
    if offset < 0 or length < 0 or offset > size:
        raise ValueError("a range lies within its plaintext")
    take = min(length, size - offset)
    highest = frame_count(size) - 1
    first = min(offset // FRAME, highest)
    last = min(max(offset + take - 1, offset) // FRAME, highest)
    end = min((last + 1) * SEALED_FRAME, sealed_size(size))
    return FrameRange(first, last, first * SEALED_FRAME, end - first * SEALED_FRAME, offset - first * FRAME, take)


class Seal:
    """Seals and opens the frames of one object. One Seal seals one plaintext, once: its nonces are its frame numbers.

    `owner` is the recording or holding, `part` its track number, `object_key` the object's name in the store.
    """

    def __init__(self, key: bytes, *, tenant: UUID, owner: UUID, part: int, object_key: str) -> None:
        """`key` has 32 bytes, `part` is 0..2^32-1; raises ValueError otherwise."""
        if not 0 <= part < 1 << 32:
            raise ValueError("a part is a 32-bit number")
        self._cipher = AESGCM(derived(key, b"recital frames v1|" + object_key.encode()))
        self._tenant, self._owner, self._part = tenant.bytes, owner.bytes, part

    def _associated(self, index: int, *, final: bool) -> bytes:
        return _ASSOCIATED.pack(_VERSION, self._tenant, self._owner, self._part, index, final)

    def frame(self, index: int, plaintext: bytes, *, final: bool) -> bytes:
        """One frame sealed: FRAME bytes, or in the final one 0..FRAME."""
        return self.frames(index, plaintext, final=final)

    def open(self, index: int, ciphertext: bytes, *, final: bool) -> bytes:
        """One frame opened; raises SealBroken."""
        return self.open_frames(index, ciphertext, final=final)

    def frames(self, first: int, plaintext: bytes, *, final: bool) -> bytes:
        """Frames in a row, from number `first`: whole ones, of which only the last may be short, and then `final`."""
        count = frame_count(len(plaintext))
        if not final and len(plaintext) != count * FRAME:
            raise ValueError("only the final frame is short")
        sealed = bytearray(sealed_size(len(plaintext)))
        source, target = memoryview(plaintext), memoryview(sealed)
        for number in range(count):
            index = first + number
            self._cipher.encrypt_into(
                index.to_bytes(12, "big"),
                source[number * FRAME : (number + 1) * FRAME],
                self._associated(index, final=final and number == count - 1),
                target[number * SEALED_FRAME : (number + 1) * SEALED_FRAME],
            )
        return bytes(sealed)

    def open_frames(self, first: int, ciphertext: bytes, *, final: bool) -> bytes:
        """The plaintext of frames in a row; `final` says that the last of them must be the object's last.

        Raises SealBroken when any frame is not the one that was sealed at this place of this object.
        """
        size = plain_size(len(ciphertext))
        count = frame_count(size)
        if not final and size != count * FRAME:
            raise SealBroken
        plaintext = bytearray(size)
        source, target = memoryview(ciphertext), memoryview(plaintext)
        try:
            for number in range(count):
                index = first + number
                self._cipher.decrypt_into(
                    index.to_bytes(12, "big"),
                    source[number * SEALED_FRAME : (number + 1) * SEALED_FRAME],
                    self._associated(index, final=final and number == count - 1),
                    target[number * FRAME : (number + 1) * FRAME],
                )
        except InvalidTag:
            raise SealBroken from None
        return bytes(plaintext)
