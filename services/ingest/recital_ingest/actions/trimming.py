"""A part of a recording erased on retention's order: its tracks sealed anew with the part silenced, the old destroyed.

At every moment one version is there to be heard: the old one, narrowed from the order on, until one commit puts the
new one in its place. Resumable at every point: what an attempt writes is named before it is written.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from recital_database import Json, announce, new_ids, record
from recital_errors import Unavailable
from recital_events import Place, Proof, RecordingTrimmed
from recital_vault import DataKey, SealedWriter

from recital_ingest.actions.crashpoints import CrashPoint
from recital_ingest.actions.destroying import METHODS, Lying, destroy, report
from recital_ingest.actions.means import LOG, Means
from recital_ingest.actions.opening import decoded
from recital_ingest.actions.storing import places, told_of
from recital_ingest.decisions.trimming import frames_left
from recital_ingest.model.ending import ErasureOrder
from recital_ingest.model.recording import Recording, Track
from recital_ingest.model.sound import Sound, silence, split
from recital_ingest.model.spans import Spans
from recital_ingest.model.upload import object_key
from recital_ingest.store import beside, endings, recordings, reference

# How long one replica has an order to itself before it must say that it is still at it.
TAKEN_FOR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Trim:
    """One attempt at one order."""

    means: Means
    tenant: UUID
    order: ErasureOrder
    recording: Recording
    keep: Spans
    """The frames that stay."""

    @property
    def channels(self) -> int:
        """How many tracks it will have."""
        return self.recording.sound.channels if self.recording.container else len(self.recording.tracks)

    async def still(self) -> None:
        """Keep the order to ourselves. Raises Unavailable where another replica has it."""
        async with self.means.database.transaction(self.tenant) as tx:
            if not await endings.renew_erasure(tx, self.order, by=TAKEN_FOR):
                raise _taken_over()


async def trim(means: Means, tenant: UUID, order: ErasureOrder) -> None:
    """Carry an order that keeps a part one attempt further: seal anew, put in place, destroy the old, answer."""
    async with means.database.transaction(tenant) as tx:
        found = await recordings.recording(tx, order.holding)
        tenant_key = await reference.tenant_key(tx)
    if not isinstance(found, Recording) or tenant_key is None:
        raise Unavailable("trim_not_possible", "The recording to be trimmed is not there any more.")
    old = order.replaced
    if old is None:
        attempt = _Trim(means, tenant, order, found, frames_left(found, found.spans))
        await _clear(means, tenant, order)
        old = await _reseal(attempt, tenant_key)
        means.crash(CrashPoint.T3)
    lying = Lying(*old)
    stuck = await destroy(means, tenant, lying)
    means.crash(CrashPoint.T4)
    async with means.database.transaction(tenant) as tx:
        if stuck is not None:
            await report(tx, order, *stuck)
            return
        if not await endings.finish_trim(tx, order):
            return
        trimmed = await recordings.recording(tx, order.holding)
        if isinstance(trimmed, Recording):
            facts: dict[str, Json] = {"recording": str(trimmed.id), "order": str(order.id)}
            await record(tx, LOG, "recording.trimmed", facts=facts)
            proofs = [Proof(place=each, method=METHODS[each.kind], absent_at=tx.now) for each in lying.places]
            more = await beside.places_of(tx, trimmed.id)
            await announce(tx, _trimmed(trimmed, order, [*places(trimmed), *more], proofs))


async def _reseal(work: _Trim, tenant_key: UUID) -> tuple[tuple[UUID, ...], tuple[UUID, ...]]:
    """Seal every track anew and put the new ones in place of the old in one commit; return what was replaced."""
    means, tenant = work.means, work.tenant
    async with means.database.transaction(tenant) as tx:
        attempt, *objects = await new_ids(tx, 1 + work.channels)
        if not await endings.name_attempt(tx, work.order, attempt, objects):
            raise _taken_over()
    # The attempt owns the keys: those of one that died before it could name them are swept up.
    keys = await means.vault.keys.new_keys(tenant, attempt, tenant_key, count=len(objects))
    means.crash(CrashPoint.T1)
    async with means.database.transaction(tenant) as tx:
        if not await endings.name_attempts_keys(tx, work.order, [key.id for key in keys]):
            raise _taken_over()
    try:
        tracks = await _reseal_all(work, objects, keys)
        means.crash(CrashPoint.T2)
        return await _put_in_place(work, tracks)
    except Exception:
        await asyncio.shield(_destroy_attempt(means, tenant, objects, [key.id for key in keys]))
        raise


async def _reseal_all(work: _Trim, objects: Sequence[UUID], keys: Sequence[DataKey]) -> list[Track]:
    """Seal every channel anew, streaming, in memory only. What came as a compressed file becomes plain tracks."""
    recording = work.recording
    if recording.container is not None:
        async with AsyncExitStack() as stack:
            writers = [
                await stack.enter_async_context(_writer(work, channel, objects[channel], keys[channel]))
                for channel in range(work.channels)
            ]
            await _copy(work, recording.sound, decoded(work.means, work.tenant, recording), writers)
            return [await _finished(writer, channel, keys[channel]) for channel, writer in enumerate(writers)]
    one = Sound(recording.sound.encoding, 1, recording.sound.rate)
    made = []
    for track, object_id, key in zip(recording.tracks, objects, keys, strict=True):
        reader = work.means.vault.reader(
            work.tenant, recording.id, track.track, object_key(track.object), track.key, size=track.size
        )
        async with _writer(work, track.track, object_id, key) as writer:
            await _copy(work, one, reader.read(), [writer])
            made.append(await _finished(writer, track.track, key))
    return made


def _writer(work: _Trim, channel: int, object_id: UUID, key: DataKey) -> SealedWriter:
    async def named(upload_id: str) -> None:
        async with work.means.database.transaction(work.tenant) as tx:
            if not await endings.name_attempts_upload(tx, work.order, object_id, upload_id):
                raise _taken_over()

    return work.means.vault.writer(work.tenant, work.recording.id, channel, object_key(object_id), key, on_upload=named)


async def _copy(
    work: _Trim, sound: Sound, frames: AsyncGenerator[bytes, None], writers: Sequence[SealedWriter]
) -> None:
    """Take frames apart, silence what goes, and write each channel's samples to its writer."""
    loop = asyncio.get_running_loop()
    renew_at, first = loop.time() + TAKEN_FOR.total_seconds() / 4, 0
    async with aclosing(frames) as pieces:
        async for piece in pieces:
            left = piece[: max(work.recording.frames - first, 0) * sound.frame_size]
            masked = await asyncio.to_thread(_masked, sound, left, first, work.keep)
            for writer, samples in zip(writers, masked, strict=True):
                await writer.write(samples)
            first += len(left) // sound.frame_size
            if loop.time() >= renew_at:
                await work.still()
                renew_at = loop.time() + TAKEN_FOR.total_seconds() / 4


async def _finished(writer: SealedWriter, channel: int, key: DataKey) -> Track:
    sealed = await writer.finish()
    return Track(
        track=channel,
        object=UUID(writer.object_key.rpartition("/")[2]),
        key=key.id,
        size=sealed.size,
        sealed_size=sealed.sealed_size,
        sha256=sealed.plain_sha256,
        sealed_sha256=sealed.cipher_sha256,
    )


async def _put_in_place(work: _Trim, tracks: Sequence[Track]) -> tuple[tuple[UUID, ...], tuple[UUID, ...]]:
    recording, order = work.recording, work.order
    async with work.means.database.transaction(work.tenant) as tx:
        waveform = await beside.drop_waveform(tx, recording.id)
        objects = [*(track.object for track in recording.tracks), *(each.object for each in waveform)]
        keys = [*recording.keys, *(each.key for each in waveform)]
        details: dict[str, Json] = {
            "tracks": [{"sha256": each.sha256.hex(), "sealed_sha256": each.sealed_sha256.hex()} for each in tracks]
        }
        facts: dict[str, Json] = {"recording": str(recording.id), "order": str(order.id)}
        recorded = await record(tx, LOG, "recording.resealed", facts=facts, details=details)
        if not await endings.switch(tx, order, objects=objects, keys=keys, salt=recorded.salt):
            raise _taken_over()
        if not await recordings.put_in_place(tx, recording.id, tracks, keep=work.keep):
            raise Unavailable("trim_overtaken", "The recording is being erased as a whole.")
        await beside.read_back_soon(tx, recording.id)
    return tuple(objects), tuple(keys)


async def _clear(means: Means, tenant: UUID, order: ErasureOrder) -> None:
    """Destroy what an earlier attempt left."""
    await _destroy_attempt(means, tenant, order.new_objects, order.new_keys, order.multiparts)


async def _destroy_attempt(
    means: Means,
    tenant: UUID,
    objects: Sequence[UUID],
    keys: Sequence[UUID],
    multiparts: dict[str, str] | None = None,
) -> None:
    # No byte goes out before the keys are named.
    if keys:
        await means.vault.keys.destroy(tenant, keys)
        for each in objects:
            await means.vault.objects.erase(object_key(each), (multiparts or {}).get(str(each)))


def _masked(sound: Sound, frames: bytes, first: int, keep: Spans) -> list[bytes]:
    tracks = split(sound, frames)
    for samples in tracks:
        silence(sound, samples, first=first, keep=keep)
    return [samples.tobytes() for samples in tracks]


def _trimmed(
    recording: Recording, order: ErasureOrder, now_at: Sequence[Place], proofs: Sequence[Proof]
) -> RecordingTrimmed:
    return RecordingTrimmed(
        **told_of(recording),
        order=order.id,
        places=tuple(now_at),
        proofs=tuple(proofs),
        trimmed_at=proofs[0].absent_at,
    )


def _taken_over() -> Unavailable:
    return Unavailable("trim_taken_over", "Another replica carries this order out.")
