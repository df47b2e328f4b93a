"""Seals a stream into the object store as it comes, in constant memory: about 11 MiB, however long the stream is.

Up to 5 MiB go as one PUT; more as a multipart upload with one part in flight. Plaintext waits in memory only.
"""

import asyncio
import hashlib
from asyncio import shield
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from recital_errors import Unavailable

from recital_vault.object_store import ObjectStore, Stored
from recital_vault.sealing import FRAME, PART_FRAMES, Seal, frame_count
from recital_vault.store_client import StoredPart
from recital_vault.threads import Threads

__all__ = ["SealedObject", "SealedWriter", "UploadStarted"]

T = TypeVar("T")
# Called with the upload's id before its first part is sent.
UploadStarted = Callable[[str], Awaitable[None]]

BATCH_FRAMES = 16
_BATCH = BATCH_FRAMES * FRAME
_BATCHES_PER_PART = PART_FRAMES // BATCH_FRAMES


@dataclass(frozen=True, slots=True)
class SealedObject:
    """What was stored, verified: sizes in bytes, SHA-256 digests of 32 bytes, the store's ETag and version."""

    object_key: str
    size: int
    sealed_size: int
    plain_sha256: bytes
    cipher_sha256: bytes
    etag: str
    version: str | None
    upload_id: str | None


class SealedWriter:
    """`async with writer:` `write` as often as needed, then `finish`; leaving without `finish` erases what was sent.

    A process that dies in between leaves at most the object's key and its open upload, both known to the caller: the
    key from the start, the upload id from `on_upload`, which is awaited before the first part is sent.
    """

    def __init__(
        self,
        objects: ObjectStore,
        seal: Seal,
        object_key: str,
        *,
        threads: Threads,
        on_upload: UploadStarted | None = None,
    ) -> None:
        """Sends nothing yet. Built by `Vault.writer`."""
        self._objects = objects
        self._seal = seal
        self._threads = threads
        self._on_upload = on_upload
        self.object_key = object_key
        self.upload_id: str | None = None
        self._pending = bytearray()
        self._part: list[bytes] = []
        self._frames = 0
        self._size = self._sealed_size = 0
        self._plain, self._cipher = hashlib.sha256(), hashlib.sha256()
        self._parts: list[StoredPart] = []
        self._in_flight: asyncio.Task[StoredPart] | None = None
        self._asked: set[asyncio.Task[Any]] = set()
        self._sent = self._finished = False

    async def __aenter__(self) -> "SealedWriter":
        """The writer."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Erases what was sent unless `finish` came through."""
        if not self._finished:
            await self._discard()

    async def write(self, data: bytes | memoryview) -> None:
        """Takes the next bytes, of any number; waits while a part is in flight and another is full.

        Raises Unavailable when the store fails, and whatever `on_upload` raises.
        """
        self._pending += data
        # The last byte stays behind: which frame is the final one is known only at the end.
        while len(self._pending) > _BATCH:
            batch = bytes(memoryview(self._pending)[:_BATCH])
            del self._pending[:_BATCH]
            await self._seal_batch(batch, final=False)
            if len(self._part) == _BATCHES_PER_PART:
                await self._send_part()

    async def finish(self) -> SealedObject:
        """Seals the rest and makes it one verified object; nothing is stored before this returns."""
        await self._seal_batch(bytes(self._pending), final=True)
        self._pending.clear()
        stored = await self._complete()
        self._finished = True
        return SealedObject(
            object_key=self.object_key,
            size=self._size,
            sealed_size=self._sealed_size,
            plain_sha256=self._plain.digest(),
            cipher_sha256=self._cipher.digest(),
            etag=stored.etag,
            version=stored.version,
            upload_id=self.upload_id,
        )

    async def _seal_batch(self, plaintext: bytes, *, final: bool) -> None:
        def seal() -> bytes:
            sealed = self._seal.frames(self._frames, plaintext, final=final)
            self._plain.update(plaintext)
            self._cipher.update(sealed)
            return sealed

        sealed = await self._threads.run(seal)
        self._frames += frame_count(len(plaintext))
        self._size += len(plaintext)
        self._sealed_size += len(sealed)
        self._part.append(sealed)

    async def _complete(self) -> Stored:
        if self.upload_id is None:
            return await shield(self._ask(self._objects.put(self.object_key, self._take_part())))
        await self._send_part()
        await self._landed()
        return await shield(self._ask(self._objects.complete(self.object_key, self.upload_id, self._parts)))

    async def _send_part(self) -> None:
        if self.upload_id is None:
            self.upload_id = await shield(self._ask(self._objects.start_multipart(self.object_key)))
            if self._on_upload is not None:
                await self._on_upload(self.upload_id)
        await self._landed()
        number = len(self._parts) + 1
        self._in_flight = self._ask(self._objects.put_part(self.object_key, self.upload_id, number, self._take_part()))

    def _take_part(self) -> bytes:
        part, self._part = b"".join(self._part), []
        return part

    async def _landed(self) -> None:
        if self._in_flight is not None:
            self._parts.append(await shield(self._in_flight))
            self._in_flight = None

    def _ask(self, request: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Whatever changes the store runs to its end, also when the caller is cancelled: only then can it be undone."""
        self._sent = True
        task = asyncio.create_task(request)
        self._asked = {task, *(earlier for earlier in self._asked if not earlier.done())}
        return task

    async def _discard(self) -> None:
        """Best effort: what stays behind when the store is down is the collector's, by object key and upload id."""
        if self._asked:
            # A part that lands after the abort, or an upload begun after it, would be left behind.
            await asyncio.wait(self._asked)
        for task in self._asked:
            if not task.cancelled():
                task.exception()
        if self._sent:
            with suppress(Unavailable):
                await self._objects.erase(self.object_key, self.upload_id)
