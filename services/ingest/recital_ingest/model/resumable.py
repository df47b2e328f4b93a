"""An upload that comes in several requests: how far it has come, and the sealed pieces it lies in until it is whole."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_ingest.model.spans import Spans

PIECE = 4 << 20
"""Bytes of the file in one sealed object: one PUT, acknowledged when it is there."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file as it was received: its size in bytes and what it hashes to."""

    size: int
    sha256: bytes
    sha512: bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """A part that is sealed in an object of its own; `silenced` where not all of it was kept."""

    object: UUID
    part: Part
    silenced: bool


@dataclass(frozen=True, slots=True)
class Silencing:
    """Which bytes of the file become silence, and what a silent byte is. Without any, all of it is kept as it comes."""

    gaps: Spans = ()
    code: int = 0

    def applied(self, piece: bytes, *, at: int) -> tuple[bytes, bool]:
        """Return a piece that begins `at` so many bytes into the file, and whether any of it was silenced."""
        within = [(max(start - at, 0), min(stop - at, len(piece))) for start, stop in self.gaps]
        within = [(start, stop) for start, stop in within if start < stop]
        if not within:
            return piece, False
        quiet = bytearray(piece)
        for start, stop in within:
            quiet[start:stop] = bytes([self.code]) * (stop - start)
        return bytes(quiet), True


@dataclass(frozen=True, slots=True)
class Resumable:
    """Where an upload stands. `recording` is what it became, when all of it was there."""

    id: UUID
    permit: UUID
    call: UUID
    length: int
    received: int
    """Bytes that are durable: where its sender goes on."""
    media: str
    """What its sender calls it, with parameters."""
    sealed_permit: bytes
    key: UUID
    turn: int
    """Raised by each request that goes on with it, so that an older one that still runs can write no more."""
    pieces: tuple[Piece, ...]
    silencing: Silencing | None
    """None until enough came to tell."""
    opened_at: datetime
    kept_until: datetime
    recording: UUID | None
