"""A recording's waveform: computed once, when it is first asked for, sealed like a track, destroyed with it.

Given under a grant only, and level where the grant's purpose does not reach.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import Any
from uuid import UUID

from recital_database import announce, new_id
from recital_errors import Unavailable
from recital_events import CopyRegistered, Place
from recital_identity import Principal
from recital_vault import DataKey

from recital_ingest.actions.means import Means
from recital_ingest.actions.opening import decoded
from recital_ingest.actions.playing import Opened, open_grant
from recital_ingest.decisions.access import audible
from recital_ingest.decisions.peaks import Peaks, shown
from recital_ingest.decisions.rendering import kept_frames
from recital_ingest.model.recording import Recording, State
from recital_ingest.model.sound import Encoding, Sound, split
from recital_ingest.model.upload import object_key
from recital_ingest.store import beside, recordings, reference
from recital_ingest.store.beside import Waveform

PART = 1 << 16
"""The part number in the seal of a waveform; no track has it."""
TAKEN_FOR = timedelta(minutes=5)


async def draw(means: Means, principal: Principal, recording_id: UUID, grant_id: UUID) -> Mapping[str, Any]:
    """Return the peaks that a grant lets its holder see. Raises what playing raises, and Unavailable meanwhile."""
    opened = await open_grant(means, principal, recording_id, grant_id)
    recording = opened.recording
    async with means.database.transaction(opened.tenant) as tx:
        waveform = await beside.waveform_of(tx, recording.id)
    if waveform is None or waveform.size is None:
        waveform = await _made(means, opened, waveform)
    reader = means.vault.reader(
        opened.tenant, recording.id, PART, object_key(waveform.object), waveform.key, size=waveform.size or 0
    )
    peaks = json.loads(b"".join([piece async for piece in reader.read()]))
    keep = kept_frames(recording, audible(recording, opened.standing, opened.grant.purpose))
    return shown(peaks, recording.sound, recording.frames, keep)


async def _made(means: Means, opened: Opened, left: Waveform | None) -> Waveform:
    """Name the place, seal the peaks there, and commit how large they are; what another process left goes first."""
    tenant, recording = opened.tenant, opened.recording
    async with means.database.transaction(tenant) as tx:
        tenant_key = await reference.tenant_key(tx)
    if tenant_key is None:
        raise Unavailable("tenant_unknown")
    key = await means.vault.keys.new_key(tenant, recording.id, tenant_key)
    async with means.database.transaction(tenant) as tx:
        place = Waveform(await new_id(tx), key.id, None)
        begun = await beside.begin_waveform(tx, recording.id, place, replacing=left, lease=TAKEN_FOR)
    try:
        if not begun:
            raise Unavailable("waveform_under_way", "The waveform is being computed; ask again.", retry_after=1)
        if left is not None:
            await _destroy(means, tenant, left)
        return await _sealed(means, opened, place, key)
    except BaseException:
        await asyncio.shield(_forget(means, tenant, recording.id, place))
        raise


async def _sealed(means: Means, opened: Opened, place: Waveform, key: DataKey) -> Waveform:
    tenant, recording = opened.tenant, opened.recording
    content = json.dumps(await _computed(means, tenant, recording)).encode()
    async with means.vault.writer(tenant, recording.id, PART, object_key(place.object), key) as writer:
        await writer.write(content)
        await writer.finish()
    places = (Place(kind="object", id=object_key(place.object)), Place(kind="key", id=str(place.key)))
    subjects = tuple(each.subject for each in recording.parties if each.subject is not None)
    async with means.database.transaction(tenant) as tx:
        now = await recordings.recording(tx, recording.id)
        unchanged = isinstance(now, Recording) and now.state is State.STORED and now.tracks == recording.tracks
        if not unchanged or not await beside.finish_waveform(tx, recording.id, place, size=len(content)):
            raise Unavailable("recording_changed", "The recording changed meanwhile; ask again.", retry_after=1)
        await announce(tx, CopyRegistered(holding=recording.id, kind="recording", places=places, subjects=subjects))
    return Waveform(place.object, place.key, len(content))


async def _computed(means: Means, tenant: UUID, recording: Recording) -> list[list[int]]:
    sound = recording.sound
    if recording.container is not None:
        found = [Peaks(Encoding.PCM_16, recording.frames) for _ in range(sound.channels)]
        pcm = Sound(Encoding.PCM_16, sound.channels, sound.rate)
        async with aclosing(decoded(means, tenant, recording)) as frames:
            async for piece in frames:
                for channel, samples in zip(found, split(pcm, piece), strict=True):
                    await asyncio.to_thread(channel.take, samples.tobytes())
        return [each.finish() for each in found]
    return [await _of_track(means, tenant, recording, number) for number in range(len(recording.tracks))]


async def _of_track(means: Means, tenant: UUID, recording: Recording, number: int) -> list[int]:
    track = recording.tracks[number]
    peaks = Peaks(recording.sound.encoding, recording.frames)
    reader = means.vault.reader(tenant, recording.id, track.track, object_key(track.object), track.key, size=track.size)
    pieces: AsyncGenerator[bytes, None] = reader.read()
    async with aclosing(pieces):
        async for piece in pieces:
            await asyncio.to_thread(peaks.take, piece)
    return peaks.finish()


async def _forget(means: Means, tenant: UUID, recording: UUID, place: Waveform) -> None:
    await _destroy(means, tenant, place)
    async with means.database.transaction(tenant) as tx:
        await beside.forget_waveform(tx, recording, place)


async def _destroy(means: Means, tenant: UUID, place: Waveform) -> None:
    await means.vault.keys.destroy(tenant, [place.key])
    await means.vault.objects.erase(object_key(place.object))
