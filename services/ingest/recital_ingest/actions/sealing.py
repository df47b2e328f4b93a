"""A body read, judged, split, silenced and sealed track by track: from the first byte to verified objects.

The keys are committed first, then the row that names them, then bytes go out. Plaintext is in memory only.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from uuid import UUID

from recital_database import alarm
from recital_errors import Malformed, NotFound, Unavailable
from recital_vault import DataKey, SealedObject, SealedWriter

from recital_ingest.actions.crashpoints import CrashPoint
from recital_ingest.actions.means import Means
from recital_ingest.actions.together import together
from recital_ingest.decisions.admission import REVOKED, SUSPENDED
from recital_ingest.decisions.reception import Received, Reception
from recital_ingest.model.recording import Original, Track
from recital_ingest.model.upload import Intent, object_key
from recital_ingest.store import permits, uploads

ORIGINAL = b"recording.original"


@dataclass(frozen=True, slots=True)
class Kept:
    """What an upload has become, verified in the store and not yet committed."""

    intent: Intent
    received: Received
    tracks: tuple[Track, ...]
    original: Original | None


async def receive(
    means: Means, reception: Reception, coming: AsyncIterator[bytes], intent: Intent, tenant_key: UUID
) -> Kept:
    """Read the whole body, piece by piece, and seal it.

    Raises what is wrong with the body, Forbidden where its permit is revoked meanwhile, Unavailable; what was sent to
    the store is then the caller's to clear away, by the intent.
    """
    first = await _until_samples(reception, coming)
    intent, keys = await make_keys(means, intent, tenant_key, count=len(intent.objects) + reception.whole)
    async with AsyncExitStack() as stack:
        writers = [
            await stack.enter_async_context(writer_of(means, intent, track, keys[track]))
            for track in range(len(intent.objects))
        ]
        await _seal(means, intent, reception, writers, first, coming)
        received = await asyncio.to_thread(reception.finish)
        tracks = await finish_tracks(means, writers, intent)
    original = await _original(means, intent, received)
    return Kept(intent, received, tracks, original)


async def _until_samples(reception: Reception, coming: AsyncIterator[bytes]) -> list[bytes]:
    """Read until the samples begin: until then nothing is stored, so what is no WAV leaves nothing to clear."""
    async for piece in coming:
        tracks = await asyncio.to_thread(reception.take, piece)
        if reception.sound is not None:
            return tracks
    reception.finish()
    raise Malformed("audio_truncated", "The file ends before its samples begin.")


async def make_keys(means: Means, intent: Intent, tenant_key: UUID, *, count: int) -> tuple[Intent, list[DataKey]]:
    """Make a key per track, and one for what stands around the samples, and then name them in the intent."""
    try:
        keys = await means.vault.keys.new_keys(intent.tenant, intent.id, tenant_key, count=count)
    except NotFound:
        async with means.database.transaction(intent.tenant) as tx:
            await alarm(tx, "tenant_key_missing", about=tenant_key, detail="The key the tenant's row names is missing.")
        raise Unavailable("tenant_key_missing", "This tenant's key is missing; nothing can be taken in.") from None
    means.crash(CrashPoint.C2_KEYS)
    async with means.database.transaction(intent.tenant) as tx:
        if not await uploads.name_keys(tx, intent, [key.id for key in keys]):
            raise taken_over()
    return replace(intent, keys=tuple(key.id for key in keys)), keys


def writer_of(means: Means, intent: Intent, track: int, key: DataKey) -> SealedWriter:
    """Return what seals a track of an upload into its object."""
    object_id = intent.objects[track]

    async def named(upload_id: str) -> None:
        async with means.database.transaction(intent.tenant) as tx:
            if not await uploads.name_multipart(tx, intent, object_id, upload_id):
                raise taken_over()

    return means.vault.writer(intent.tenant, intent.id, track, object_key(object_id), key, on_upload=named)


async def _seal(
    means: Means,
    intent: Intent,
    reception: Reception,
    writers: list[SealedWriter],
    tracks: list[bytes],
    coming: AsyncIterator[bytes],
) -> None:
    """Write each piece to its tracks, keeping the lease; a permit revoked meanwhile ends the upload."""
    loop = asyncio.get_running_loop()
    every = means.limits.lease.total_seconds() / 4
    renew_at = loop.time() + every
    while True:
        await together(writer.write(track) for writer, track in zip(writers, tracks, strict=True))
        if any(writer.upload_id is not None for writer in writers):
            means.crash(CrashPoint.C3)
        if loop.time() >= renew_at:
            await _renew(means, intent)
            renew_at = loop.time() + every
        piece = await anext(coming, None)
        if piece is None:
            return
        tracks = await asyncio.to_thread(reception.take, piece)


async def _renew(means: Means, intent: Intent) -> None:
    async with means.database.transaction(intent.tenant) as tx:
        if not await uploads.renew_lease(tx, intent, lease=means.limits.lease):
            raise taken_over()
        state = await permits.permit_state(tx, intent.permit)
        if state.revoked or state.suspended:
            raise (REVOKED if state.revoked else SUSPENDED).error()


async def finish_tracks(means: Means, writers: Sequence[SealedWriter], intent: Intent) -> tuple[Track, ...]:
    """Make each writer's object whole and verified; return the tracks they are."""

    async def finish(writer: SealedWriter) -> SealedObject:
        sealed = await writer.finish()
        means.crash(CrashPoint.C3_TRACK)
        return sealed

    sealed = await together(finish(writer) for writer in writers)
    return tuple(
        Track(
            track=track,
            object=intent.objects[track],
            key=intent.keys[track],
            size=each.size,
            sealed_size=each.sealed_size,
            sha256=each.plain_sha256,
            sealed_sha256=each.cipher_sha256,
        )
        for track, each in enumerate(sealed)
    )


async def _original(means: Means, intent: Intent, received: Received) -> Original | None:
    """Seal what stood around the samples, where nothing was silenced."""
    spare = intent.keys[len(intent.objects) :]
    if received.original is None:
        if spare:
            await means.vault.keys.destroy(intent.tenant, spare)
        return None
    if not spare:
        raise Malformed("audio_not_aligned", "The body is not as long as was said.")
    [key] = spare
    sealed = await means.vault.seal_small(intent.tenant, key, received.original.to_bytes(), ORIGINAL)
    return Original(key, sealed)


def taken_over() -> Unavailable:
    """Return the error of an upload whose lease ran out, so that the collector has it."""
    return Unavailable("upload_overdue", "The upload took too long and was given up; send it again.", retry_after=1)
