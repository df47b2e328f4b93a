"""Opens any range of a sealed object, frame by frame as it arrives; nothing unauthenticated is ever given out."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from recital_errors import Malformed

from recital_vault.broken import SealBroken
from recital_vault.object_store import ObjectStore
from recital_vault.sealing import SEALED_FRAME, FrameRange, Seal, frame_count, frame_range
from recital_vault.threads import Threads

__all__ = ["SealedReader"]

BATCH_FRAMES = 16


class SealedReader:
    """One object of `size` plaintext bytes: the caller kept the size, so a shortened object cannot pass for whole."""

    def __init__(
        self,
        objects: ObjectStore,
        seal: Callable[[], Awaitable[Seal]],
        object_key: str,
        *,
        size: int,
        threads: Threads,
    ) -> None:
        """Asks nothing yet. `seal` is asked before every batch: with its key gone, reading ends. See `Vault.reader`."""
        self._objects = objects
        self._seal = seal
        self._object_key = object_key
        self._threads = threads
        self.size = size

    async def read(self, offset: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        """The plaintext from `offset`, `length` bytes or to the end, in pieces of at most 1 MiB.

        Raises Malformed `range_unsatisfiable` when `offset` lies beyond the end, NotFound `key_destroyed` or
        `object_missing`, SealBroken, Unavailable; also after some pieces. Close it (`contextlib.aclosing`) when leaving
        early.
        """
        if not 0 <= offset <= self.size or (length is not None and length < 0):
            raise Malformed("range_unsatisfiable", "The recording ends before this range.")
        wanted = frame_range(offset, self.size - offset if length is None else length, self.size)
        left, skip = wanted.take, wanted.skip
        async with aclosing(self._frames(wanted)) as frames:
            async for plaintext in frames:
                piece = plaintext[skip : skip + left]
                left, skip = left - len(piece), 0
                if piece:
                    yield piece
        if left:
            raise SealBroken

    async def _frames(self, wanted: FrameRange) -> AsyncGenerator[bytes, None]:
        index, final = wanted.first, frame_count(self.size) - 1
        # A destroyed key is told before a missing object: the key goes first.
        await self._seal()
        pieces = self._objects.get(self._object_key, wanted.offset, wanted.length, chunk=BATCH_FRAMES * SEALED_FRAME)
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    last = index + _frames_in(len(piece)) - 1
                    seal = await self._seal()
                    yield await self._threads.run(seal.open_frames, index, piece, final=last == final)
                    index = last + 1
        except Malformed as error:
            raise SealBroken from error
        if index <= wanted.last:
            raise SealBroken


def _frames_in(sealed: int) -> int:
    """How many frames `sealed` bytes of ciphertext hold, the last perhaps cut off."""
    return -(-sealed // SEALED_FRAME)
