"""An upload in pieces, gone on with: each piece is silenced, sealed and only then acknowledged; the last one commits.

What the last piece completes is read back and taken in like a file that came in one request. Its bytes are acknowledged
by the recording's own commit, so that a sender who is told of the last byte has a recording.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from uuid import UUID

from recital_database import Transaction, new_id
from recital_errors import Conflict, Forbidden, Gone, Malformed, NotFound, RecitalError, TooLarge
from recital_vault import DataKey

from recital_ingest.actions.body import Body, pieces
from recital_ingest.actions.clearing import discard
from recital_ingest.actions.crashpoints import CrashPoint
from recital_ingest.actions.means import Means
from recital_ingest.actions.permits import verified
from recital_ingest.actions.resuming import PERMIT, find, intent_of
from recital_ingest.actions.uploading import Resumed, Upload, take_in
from recital_ingest.decisions.admission import REVOKED, SUSPENDED, TOO_MANY, Digests
from recital_ingest.decisions.reception import Reception
from recital_ingest.decisions.resuming import compressed_in_pieces, kept_until, over_parts, part_of
from recital_ingest.model.container import NEEDED, recognise
from recital_ingest.model.media import media_type_of, raw_reader
from recital_ingest.model.permit import Permit
from recital_ingest.model.refusal import Refusal, refusal_told
from recital_ingest.model.resumable import PIECE, Piece, Resumable, Silencing
from recital_ingest.model.upload import object_key
from recital_ingest.model.wav import CodedSamples
from recital_ingest.store import permits, reference, resumables, uploads

LARGEST_CHECKED = 8 << 20
"""Bytes of a request with a checksum: none of them counts before all were there."""
MOST_PIECES = 10_000


class ChecksumDiffers(Malformed):
    """A request's body is not what its checksum says."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a sender says that one request's body hashes to; by SHA-1 or SHA-256, against accidents on the way."""

    algorithm: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """One request of an upload: from which byte of the file on, and the bytes."""

    tenant: UUID
    upload: UUID
    offset: int
    body: Body
    checksum: Checksum | None


async def go_on(means: Means, sent: Sent) -> Resumable:
    """Take in what one request brings; return how far the upload is now.

    Raises NotFound, Gone, Conflict `upload_offset_differs`, TooMany, TooLarge, ChecksumDiffers, and what taking audio
    in raises. A refusal of the audio or its permit ends the upload; of everything else the sender goes on.
    """
    upload = await _take_turn(means, sent)
    if upload.recording is not None:
        return upload
    going = _Going(means, sent.tenant, upload)
    try:
        return await going.take(sent)
    except BaseException as error:
        await asyncio.shield(_leave(means, sent.tenant, going.upload, error))
        raise


async def _take_turn(means: Means, sent: Sent) -> Resumable:
    async with means.database.transaction(sent.tenant) as tx:
        found = await find(tx, sent.upload)
        if sent.offset != found.received:
            raise Conflict("upload_offset_differs", "That is not how far this upload is; ask, and go on from there.")
        if found.recording is not None:
            return found
        refusal = await _standing(tx, found.permit)
        if refusal is None:
            await reference.tenant_key(tx, lock=True)
            cap = (await reference.tenant_facts(tx)).concurrent_uploads or means.limits.uploads_per_tenant
            if await uploads.uploads_open(tx, beside=found.id) >= cap:
                raise TOO_MANY.error()
            turn = await resumables.take_turn(tx, found, busy=means.limits.lease)
            if turn is None:
                raise _overtaken()
            return replace(found, turn=turn)
    await _leave(means, sent.tenant, found, refusal.error())
    raise refusal.error()


async def _standing(tx: Transaction, permit: UUID) -> Refusal | None:
    state = await permits.permit_state(tx, permit)
    return REVOKED if state.revoked else SUSPENDED if state.suspended else None


async def _require_standing(tx: Transaction, permit: UUID) -> None:
    refusal = await _standing(tx, permit)
    if refusal is not None:
        raise refusal.error()


async def _leave(means: Means, tenant: UUID, upload: Resumable, error: BaseException) -> None:
    """End an upload whose audio or permit was refused; let every other rest until its sender comes back."""
    code = refusal_told(error)
    if code is not None and code != SUSPENDED.code:
        await discard(means, intent_of(tenant, upload), refused=code)
        return
    async with means.database.transaction(tenant) as tx:
        await resumables.rest(tx, upload)


class _Going:
    """One request's work on an upload; `upload` is how far it has come."""

    def __init__(self, means: Means, tenant: UUID, upload: Resumable) -> None:
        self._means, self._tenant, self.upload = means, tenant, upload
        self._token = ""
        self._secret = b""

    async def take(self, sent: Sent) -> Resumable:
        """Seal piece after piece; what is left when the body ends is a piece too, or the last of all."""
        permit = await self._open_permit()
        whole = _Whole() if self.upload.received == 0 else None
        ready = bytearray()
        try:
            async with aclosing(_checked(pieces(sent.body, self._means.limits), sent.checksum)) as body:
                async for piece in body:
                    ready += piece
                    if self.upload.received + len(ready) > self.upload.length:
                        raise TooLarge("upload_longer_than_stated", "These are more bytes than Upload-Length says.")
                    if whole is not None:
                        await asyncio.to_thread(whole.add, piece)
                    # The last byte stays behind: it counts when all of it is a recording.
                    while len(ready) > PIECE:
                        await self._seal(permit, bytes(ready[:PIECE]))
                        del ready[:PIECE]
        except RecitalError as error:
            if error.code in {"upload_broken_off", "upload_too_slow"} and self._unfinished(ready):
                await self._seal(permit, bytes(ready))
            raise
        if not self._unfinished(ready):
            return await self._finish(bytes(ready), whole)
        if ready:
            await self._seal(permit, bytes(ready))
        async with self._means.database.transaction(self._tenant) as tx:
            await resumables.rest(tx, self.upload)
        return self.upload

    def _unfinished(self, ready: bytearray) -> bool:
        return self.upload.received + len(ready) < self.upload.length

    async def _open_permit(self) -> Permit:
        try:
            sealed = await self._means.vault.open_small(
                self._tenant, self.upload.key, self.upload.sealed_permit, PERMIT
            )
            self._secret = await self._means.vault.keys.key(self._tenant, self.upload.key)
        except NotFound:
            raise Gone("upload_expired", "This upload is being cleared away.") from None
        self._token = sealed.decode()
        return await verified(self._means, self._token, self._tenant)

    async def _seal(self, permit: Permit, data: bytes) -> None:
        """Silence a piece, seal it in an object that was named before, and acknowledge it."""
        if not data:
            return
        upload = self.upload
        if len(upload.pieces) >= MOST_PIECES:
            raise Malformed("upload_in_too_many_pieces", "Send more bytes in each request.")
        part = await asyncio.to_thread(part_of, data)
        if upload.silencing is None:
            upload = replace(upload, silencing=await self._judge(permit, data))
        silencing = upload.silencing or Silencing()
        kept, silenced = await asyncio.to_thread(silencing.applied, data, at=upload.received)
        async with self._means.database.transaction(self._tenant) as tx:
            await _require_standing(tx, upload.permit)
            object_id = await new_id(tx)
            if not await resumables.name_piece(tx, upload, object_id):
                raise _overtaken()
        key = DataKey(upload.key, self._secret)
        async with self._means.vault.writer(
            self._tenant, upload.id, len(upload.pieces), object_key(object_id), key
        ) as writer:
            await writer.write(kept)
            await writer.finish()
        self._means.crash(CrashPoint.C3)
        piece = Piece(object_id, part, silenced=silenced)
        try:
            await self._acknowledge(upload, piece)
        except (Forbidden, Conflict):
            # Not acknowledged for certain; who cleared the upload away may have been here before these bytes were.
            await asyncio.shield(self._means.vault.objects.erase(object_key(object_id)))
            raise

    async def _acknowledge(self, upload: Resumable, piece: Piece) -> None:
        async with self._means.database.transaction(self._tenant) as tx:
            await _require_standing(tx, upload.permit)
            upload = replace(upload, kept_until=kept_until(upload.opened_at, tx.now))
            if not await resumables.add_piece(tx, upload, piece, busy=self._means.limits.lease):
                raise _overtaken()
        self.upload = replace(upload, received=upload.received + piece.part.size, pieces=(*upload.pieces, piece))

    async def _judge(self, permit: Permit, data: bytes) -> Silencing | None:
        """Tell what may not be kept of the file, by all that came so far; None while its samples have not begun.

        Raises what is wrong with the file: until then nothing but its first bytes is stored.
        """
        head = b"".join([piece async for piece in self._stored()]) + data
        raw = raw_reader(*media_type_of(self.upload.media))
        if raw is None and len(head) < NEEDED:
            return None
        if raw is not None or recognise(head[:NEEDED]) is None:
            reception = Reception(permit, length=self.upload.length, stated=Digests(), raw=raw)
            try:
                await asyncio.to_thread(reception.take, head)
            except CodedSamples:
                pass
            else:
                return reception.silencing
        if self.upload.length > self._means.limits.largest_compressed:
            raise TooLarge("upload_too_large", "Compressed audio of this size is not taken in one piece.")
        verdict = compressed_in_pieces(permit)
        if isinstance(verdict, Refusal):
            raise verdict.error()
        return verdict

    async def _finish(self, last: bytes, whole: "_Whole | None") -> Resumable:
        """Take the file in as if it had come in one request, and make the upload what became of it."""
        upload = self.upload
        digests, parts = Digests(), (*(piece.part for piece in upload.pieces), part_of(last))
        if any(piece.silenced for piece in upload.pieces):
            digests = whole.digests if whole else over_parts(parts)
        stated = digests.stated and whole is None
        media_type, parameters = media_type_of(upload.media)
        taken = await take_in(
            self._means,
            Upload(
                tenant=self._tenant,
                permit=self._token,
                media_type=media_type,
                digests=Digests(),
                key=None,
                body=Body(stream=self._all(last), length=upload.length),
                raw=raw_reader(media_type, parameters),
                resumed=Resumed(
                    id=upload.id,
                    opened_at=upload.opened_at,
                    digests=digests,
                    parts=parts if stated else (),
                    untouched=upload.silencing is not None and not upload.silencing.gaps and bool(upload.pieces),
                ),
            ),
        )
        async with self._means.database.transaction(self._tenant) as tx:
            # Where the same audio was here before, nothing was committed that could say so.
            await resumables.become(tx, await new_id(tx), upload.id, taken.recording.id)
            return await find(tx, upload.id)

    async def _all(self, last: bytes) -> AsyncGenerator[bytes, None]:
        async for piece in self._stored():
            yield piece
        yield last

    async def _stored(self) -> AsyncGenerator[bytes, None]:
        """Give the bytes of the pieces that were acknowledged."""
        for number, piece in enumerate(self.upload.pieces):
            reader = self._means.vault.reader(
                self._tenant,
                self.upload.id,
                number,
                object_key(piece.object),
                self.upload.key,
                size=piece.part.size,
            )
            try:
                async with aclosing(reader.read()) as read:
                    async for some in read:
                        yield some
            except NotFound:
                raise _overtaken() from None


class _Whole:
    """Hashes a file that comes whole in one request, however many pieces it is stored in."""

    def __init__(self) -> None:
        self._sha256, self._sha512 = hashlib.sha256(), hashlib.sha512()

    def add(self, piece: bytes) -> None:
        """Take the next bytes."""
        self._sha256.update(piece)
        self._sha512.update(piece)

    @property
    def digests(self) -> Digests:
        """What all of it hashes to."""
        return Digests(self._sha256.digest(), self._sha512.digest())


async def _checked(body: AsyncIterator[bytes], checksum: Checksum | None) -> AsyncGenerator[bytes, None]:
    """Give a body on; one with a checksum when all of it is there and right. Raises ChecksumDiffers, TooLarge."""
    if checksum is None:
        async for piece in body:
            yield piece
        return
    held = bytearray()
    async for piece in body:
        held += piece
        if len(held) > LARGEST_CHECKED:
            raise TooLarge("checksum_body_too_large", "A request with a checksum has at most 8 MiB.")
    found = hashlib.new(checksum.algorithm, held, usedforsecurity=False).digest()
    if found != checksum.value:
        raise ChecksumDiffers("checksum_differs")
    yield bytes(held)


def _overtaken() -> Conflict:
    return Conflict("upload_elsewhere", "Another request goes on with this upload, or it was ended.", retry_after=1)
