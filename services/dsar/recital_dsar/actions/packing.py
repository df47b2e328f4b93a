"""One file on its way into a ZIP: its bytes deflated or stored, and hashed, in the thread in which the ZIP is made."""

import hashlib
import struct
import zlib

# Speech hardly shrinks, and shrinking it would take thirty times as long as copying it: sound is stored as it is.
LEVEL = 6
LONGEST_BLOCK = 0xFFFF
_BLOCK = struct.Struct("<BHH")
_BLOCKS = 16
PIECE = _BLOCKS * LONGEST_BLOCK
"""Bytes in which sound is passed on: each piece is handed from thread to thread several times."""
PACKED = _BLOCKS * (LONGEST_BLOCK + _BLOCK.size)
"""Bytes of a piece in the ZIP: given out at this size, it is not cut and joined again."""
_LAST_BLOCK = _BLOCK.pack(1, 0, LONGEST_BLOCK)


class Packing:
    """What a ZIP asks of a compressor, and what is known of the plain bytes when all of them went through.

    A stored file has a SHA-512 beside, as a vCon asks of its recording.
    """

    def __init__(self, *, shrink: bool) -> None:
        """Nothing went through yet."""
        self._deflate = zlib.compressobj(level=LEVEL, wbits=-zlib.MAX_WBITS) if shrink else None
        self.size = 0
        self.sha256, self.sha512 = hashlib.sha256(), hashlib.sha512()

    def compress(self, data: bytes) -> bytes:
        """Return the next bytes as they lie in the ZIP."""
        self.size += len(data)
        self.sha256.update(data)
        if self._deflate is not None:
            return self._deflate.compress(data)
        self.sha512.update(data)
        return stored(data)

    def flush(self) -> bytes:
        """Return what ends the file."""
        return _LAST_BLOCK if self._deflate is None else self._deflate.flush()


def stored(data: bytes) -> bytes:
    """Return bytes as deflate's stored blocks (RFC 1951, 3.2.4): what level 0 gives, at the cost of one copy."""
    whole = memoryview(data)
    pieces: list[bytes | memoryview] = []
    for start in range(0, len(data), LONGEST_BLOCK):
        block = whole[start : start + LONGEST_BLOCK]
        pieces += (_BLOCK.pack(0, len(block), LONGEST_BLOCK - len(block)), block)
    return b"".join(pieces)
