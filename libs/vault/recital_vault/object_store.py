"""Objects in one bucket: written with proof, read in pieces, erased with proof of absence; never on the event loop.

Every operation is repeated here, a few times within `patience`, when its failure may pass; then it is Unavailable.
Which bytes lie in an object is not known here: callers hand in ciphertext.
"""

import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from minio.commonconfig import ENABLED
from minio.datatypes import Object
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.versioningconfig import VersioningConfig
from recital_errors import NotFound, Unavailable

from recital_vault.download import Download
from recital_vault.mass_erasing import MassErasing
from recital_vault.persistence import CorruptedError, Persistence
from recital_vault.settings import ObjectStoreSettings
from recital_vault.store_client import FAILURES, OpenUpload, StoreClient, StoredPart, ours, passes

__all__ = ["ObjectStore", "Stored"]

T = TypeVar("T")
_CHUNK = 1 << 20
_WHILE_STARTING = 1_000
_CANARY = b"recital"
# One answer takes SeaweedFS longer the more versions an object has.
_ERASED_AT_ONCE = 50
_ERASING_TRIES = 10


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as the store has it: its ETag agrees with our MD5, its size with what was sent."""

    etag: str
    size: int
    version: str | None


class ObjectStore:
    """One bucket of an S3 store.

    Every method raises Unavailable: `object_store_unavailable` when the store does not answer, `object_store_refuses`
    when it will not, `object_store_corrupts` when what it has is not what it was sent.
    """

    @classmethod
    async def open(cls, settings: ObjectStoreSettings) -> "ObjectStore":
        """Connects at first use, so that services start in any order."""
        return cls(settings)

    def __init__(self, settings: ObjectStoreSettings) -> None:
        """Use `open`."""
        self._settings = settings
        self._bucket = settings.bucket
        self._client = StoreClient(settings)
        self._persistence = Persistence(settings)
        self._canary_written = False

    def close(self) -> None:
        """Takes no new calls; those under way end by themselves."""
        self._persistence.close()

    async def provision(self, *, versioned: bool = False) -> None:
        """Makes the bucket unless it is there. For the administrator's credentials; waits for a store that starts."""

        def make() -> None:
            try:
                self._client.make_bucket(self._bucket, self._settings.region)
            except S3Error as error:
                if error.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                    raise
            if versioned:
                self._client.set_bucket_versioning(self._bucket, VersioningConfig(ENABLED))

        await self._persistence.run(make, attempts=_WHILE_STARTING)

    async def ping(self) -> None:
        """Raises Unavailable, after one attempt, unless the store takes a canary (once) and gives it back."""

        written, self._canary_written = self._canary_written, False

        def canary() -> bool:
            if not written:
                self._client.put_whole(self._bucket, self._settings.canary, _CANARY)
            with Download(self._client, self._bucket, self._settings.canary, 0, len(_CANARY)) as download:
                return download.read(len(_CANARY)) == _CANARY

        try:
            unchanged = await self._persistence.run(canary, attempts=1)
        except NotFound as error:
            raise Unavailable("object_store_corrupts", "The object store lost its canary.") from error
        if not unchanged:
            raise Unavailable("object_store_corrupts", "The object store changed its canary.")
        self._canary_written = True

    async def put(self, object_key: str, data: bytes) -> Stored:
        """Stores a small object whole, verified by the ETag it is acknowledged with. Repeating it is harmless.

        That is the MD5 of all that arrived, which says its size too: no further question is asked.
        """

        def put() -> Stored:
            return _stored(data, *self._client.put_whole(self._bucket, object_key, data))

        return await self._persistence.run(put)

    async def put_new(self, object_key: str, data: bytes) -> Stored:
        """Stores a small object whole unless one of that name is there: then Conflict `object_there`.

        After an answer that got lost, the second attempt finds the object of the first: the caller reads and compares.
        """

        def put() -> Stored:
            return _stored(data, *self._client.put_new(self._bucket, object_key, data))

        return await self._persistence.run(put)

    async def start_multipart(self, object_key: str) -> str:
        """Begins an upload; the caller commits the returned id before the first part."""
        return await self._persistence.run(lambda: self._client.start_upload(self._bucket, object_key))

    async def put_part(self, object_key: str, upload_id: str, number: int, data: bytes) -> StoredPart:
        """Stores part `number` (from 1; all but the last at least 5 MiB); its ETag is compared with our MD5.

        Raises NotFound `upload_missing` for an upload that was completed, aborted or never begun.
        """

        def put() -> StoredPart:
            etag = self._client.put_part(self._bucket, object_key, upload_id, number, data)
            if etag != hashlib.md5(data, usedforsecurity=False).hexdigest():
                raise CorruptedError
            return StoredPart(number, etag, len(data))

        return await self._persistence.run(put)

    async def complete(self, object_key: str, upload_id: str, parts: Sequence[StoredPart]) -> Stored:
        """Makes the parts one object, verified by the MD5 of their MD5s and by size. Repeating it is harmless.

        Raises NotFound `upload_missing` when there is neither the upload nor the object it would have become. Without
        a part there is nothing to complete, which stores refuse each in their own words: ValueError.
        """
        if not parts:
            raise ValueError("an upload is completed with at least one part")
        digests = b"".join(bytes.fromhex(part.etag) for part in parts)
        etag = f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"

        def complete() -> Stored:
            try:
                self._client.complete_upload(self._bucket, object_key, upload_id, list(parts))
            except S3Error as error:
                # The answer to an earlier attempt may have got lost: then the object is there.
                if error.code != "NoSuchUpload" or self._found(object_key) is None:
                    raise
            return self._verified(object_key, etag, sum(part.size for part in parts))

        return await self._persistence.run(complete)

    async def abort(self, object_key: str, upload_id: str) -> None:
        """Ends an upload and drops its parts; one that is not there is no error."""
        await self._persistence.run(lambda: self._client.abort_upload(self._bucket, object_key, upload_id))

    async def get(
        self, object_key: str, offset: int = 0, length: int | None = None, *, chunk: int = _CHUNK
    ) -> AsyncGenerator[bytes, None]:
        """The object's bytes from `offset`, in pieces of `chunk` bytes (the last shorter).

        A connection that breaks is taken up again where it broke. Raises NotFound `object_missing`, Malformed
        `range_unsatisfiable`. Close the iterator (`contextlib.aclosing`) when leaving it early.
        """
        given = 0
        while True:
            download = Download(self._client, self._bucket, object_key, offset + given, _less(length, given))
            try:
                await self._persistence.run(download.open)
                while piece := await self._persistence.once(partial(download.read, chunk)):
                    given += len(piece)
                    yield piece
            except FAILURES as error:
                if not passes(error) or download.given == 0:
                    raise ours(error) from error
            else:
                return
            finally:
                download.close()

    async def read(self, object_key: str) -> bytes:
        """A small object whole; raises NotFound `object_missing`."""

        def read() -> bytes:
            with Download(self._client, self._bucket, object_key, 0, None) as download:
                return download.read(None)

        return await self._persistence.run(read)

    async def size(self, object_key: str) -> int:
        """Bytes of the object; raises NotFound `object_missing`."""
        found = await self._persistence.run(lambda: self._client.stat_object(self._bucket, object_key))
        return found.size or 0

    async def list_keys(self, prefix: str, *, after: str | None = None, limit: int | None = None) -> list[str]:
        """The object keys under `prefix` in order, those after `after` only."""

        def listing() -> list[str]:
            keys: list[str] = []
            for item in self._client.list_objects(self._bucket, prefix=prefix, recursive=True, start_after=after):
                if limit is not None and len(keys) >= limit:
                    break
                keys.append(item.object_name or "")
            return keys

        return await self._persistence.run(listing)

    async def open_uploads(self, prefix: str = "") -> list[OpenUpload]:
        """Every open upload whose object key begins with `prefix`: for the collector, hourly; it lists the bucket's."""
        every = await self._persistence.run(lambda: list(self._client.open_uploads(self._bucket)))
        return [upload for upload in every if upload.object_key.startswith(prefix)]

    async def erase(self, object_key: str, upload_id: str | None = None) -> None:
        """Removes every version and delete marker of the object, and the upload that made or would have made it.

        Without an upload id all open uploads are listed to find the object's own. Idempotent: what is not there is
        no error. Returns only when a new listing was empty.
        """

        asked: Counter[str | None] = Counter()

        def abort() -> None:
            for upload in self._uploads_of(object_key, upload_id):
                self._client.abort_upload(self._bucket, object_key, upload)

        def remove_some() -> bool:
            versions = [version.version_id for version in self._versions_of(object_key)][:_ERASED_AT_ONCE]
            asked.update(versions)
            if any(asked[version] > _ERASING_TRIES for version in versions):
                raise Unavailable("object_store_refuses", "The object store keeps a version it was asked to remove.")
            doomed = [DeleteObject(object_key, version) for version in versions]
            for refusal in self._client.remove_objects(self._bucket, doomed):
                raise Unavailable("object_store_refuses", f"The object store keeps a version: {refusal.code}.")
            return bool(versions)

        await self._persistence.run(abort)
        while await self._persistence.run(remove_some):
            pass

    async def erase_all(self, object_keys: Collection[str]) -> frozenset[str]:
        """Erases many objects as `erase` does, with few questions; returns those of which something is left.

        What is not among them is proved absent: no version, no delete marker, nothing to read, no open upload. Raises
        Unavailable where that could not be found out.
        """
        erasing = MassErasing(self._client, self._bucket, object_keys)
        await self._persistence.run(erasing.abort)
        for _ in range(_ERASING_TRIES):
            removed = await self._persistence.run(erasing.remove_some)
            left = await self._persistence.run(erasing.left)
            if not left or not removed:
                break
        return left

    async def absent(self, object_key: str, upload_id: str | None = None) -> bool:
        """Proof of absence: no version, no delete marker, no HEAD, and no open upload (found as in `erase`).

        Some stores answer an abort of an upload that is gone with success, so the word of ListParts decides.
        """

        def absent() -> bool:
            if self._versions_of(object_key) or self._found(object_key) is not None:
                return False
            uploads = self._uploads_of(object_key, upload_id)
            return not any(self._client.upload_is_open(self._bucket, object_key, upload) for upload in uploads)

        return await self._persistence.run(absent)

    def _verified(self, object_key: str, etag: str, size: int) -> Stored:
        found = self._found(object_key)
        if found is None or found.etag != etag or found.size != size:
            raise CorruptedError
        return Stored(etag, size, found.version_id)

    def _found(self, object_key: str) -> Object | None:
        try:
            return self._client.stat_object(self._bucket, object_key)
        except S3Error as error:
            # A delete marker answers a HEAD with 405 or 404.
            if error.code not in {"NoSuchKey", "MethodNotAllowed"}:
                raise
            return None

    def _versions_of(self, object_key: str) -> list[Object]:
        listing = self._client.list_objects(self._bucket, prefix=object_key, recursive=True, include_version=True)
        return [item for item in listing if item.object_name == object_key]

    def _uploads_of(self, object_key: str, upload_id: str | None) -> list[str]:
        if upload_id is not None:
            return [upload_id]
        return [
            upload.upload_id for upload in self._client.open_uploads(self._bucket) if upload.object_key == object_key
        ]


def _stored(data: bytes, etag: str, version: str | None) -> Stored:
    if etag != hashlib.md5(data, usedforsecurity=False).hexdigest():
        raise CorruptedError
    return Stored(etag, len(data), version)


def _less(length: int | None, given: int) -> int | None:
    return None if length is None else length - given
