"""Playing: a grant judged once more at every request, then any range of the file made from its sealed tracks.

Only the frames asked for are read and opened, and a muted party's track not at all.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from recital_database import alarm
from recital_errors import Gone, NotFound, Unavailable
from recital_identity import Principal
from recital_vault import SealBroken

from recital_ingest.actions.listening import enter_refusal, kept, listener_of, tenant_of
from recital_ingest.actions.means import Means
from recital_ingest.actions.opening import decoded
from recital_ingest.actions.sealing import ORIGINAL
from recital_ingest.actions.tenant_keys import why_unreadable
from recital_ingest.actions.together import together
from recital_ingest.decisions.access import audible, still_holds
from recital_ingest.decisions.admission import BURIED
from recital_ingest.decisions.rendering import (
    Frames,
    Rendering,
    decoded_frames_of,
    frames_of,
    kept_frames,
    muted_channels,
    pieces,
    render,
    whole,
)
from recital_ingest.model.listening import Grant, Standing
from recital_ingest.model.recording import Recording, Track
from recital_ingest.model.refusal import Refusal
from recital_ingest.model.upload import object_key
from recital_ingest.model.wav import Wrapping
from recital_ingest.store import beside, grants, standings
from recital_ingest.store.openings import opening

# Bytes made at a time: as many as the vault opens at once, so that each goes through few hands.
BLOCK = 1 << 20
# Seconds after which a stream under way is judged anew: what was revoked is not heard for longer.
WATCHED_EVERY = 1.0
# A stream may outlast its grant; all else that ended ends it.
RECHECK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Playback:
    """A file that is made while it is read."""

    means: Means
    tenant: UUID
    recording: Recording
    rendering: Rendering
    watch: Callable[[], Awaitable[None]]
    """Raises where what may be heard has become less since this began."""

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return self.rendering.size

    async def read(self, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        """Give bytes [start, stop) of the file.

        Raises Gone where a key was destroyed meanwhile, Unavailable, also (alarmed) where what is stored is damaged.
        """
        # What stands before the samples waits for the first of them: nothing is given out before they can be read.
        held = b""
        loop = asyncio.get_running_loop()
        watch_at = loop.time() + WATCHED_EVERY
        try:
            for piece in pieces(self.rendering, start, stop):
                if isinstance(piece, bytes):
                    held += piece
                    continue
                async with aclosing(self._frames(piece)) as made:
                    async for block in made:
                        if loop.time() >= watch_at:
                            await self.watch()
                            watch_at = loop.time() + WATCHED_EVERY
                        yield held + block
                        held = b""
            yield held
        except NotFound:
            raise await why_unreadable(self.means, self.tenant) from None
        except SealBroken:
            raise await _damaged(self.means, self.tenant, self.recording.id) from None

    async def _frames(self, wanted: Frames) -> AsyncGenerator[bytes, None]:
        """Give a range of frames: every track's samples read at one pace, put together outside the event loop."""
        if self.rendering.decoded:
            async with aclosing(self._decoded(wanted)) as blocks:
                async for block in blocks:
                    yield block
            return
        skip, left, first = wanted.skip, wanted.take, wanted.first
        width, most = self.rendering.sound.encoding.width, BLOCK // self.rendering.sound.frame_size
        async with AsyncExitStack() as stack:
            tracks = [
                None if track.track in self.rendering.silent else await _Steady.of(stack, self._samples(track, wanted))
                for track in self.recording.tracks
            ]
            while left:
                count = min(most, wanted.stop - first)
                samples = await together(_next(track, count * width) for track in tracks)
                made = await asyncio.to_thread(frames_of, self.rendering, first, samples, count)
                block = made[skip : skip + left]
                yield block
                skip, left, first = 0, left - len(block), first + count

    async def _decoded(self, wanted: Frames) -> AsyncGenerator[bytes, None]:
        """Give a range of frames of a file that is decoded from its start; ends with it."""
        skip, left, first = wanted.skip, wanted.take, wanted.first
        size = self.rendering.sound.frame_size
        async with AsyncExitStack() as stack:
            stream = await _Steady.of(stack, decoded(self.means, self.tenant, self.recording))
            await stream.pass_over(first * size)
            while left:
                count = min(BLOCK // size, wanted.stop - first)
                made = await asyncio.to_thread(
                    decoded_frames_of, self.rendering, first, await stream.take(count * size)
                )
                block = made[skip : skip + left]
                yield block
                skip, left, first = 0, left - len(block), first + count

    def _samples(self, track: Track, wanted: Frames) -> AsyncIterator[bytes]:
        width = self.rendering.sound.encoding.width
        reader = self.means.vault.reader(
            self.tenant, self.recording.id, track.track, object_key(track.object), track.key, size=track.size
        )
        return reader.read(wanted.first * width, (wanted.stop - wanted.first) * width)


@dataclass(frozen=True, slots=True)
class Opened:
    """A grant that holds now, and what it opens."""

    means: Means
    tenant: UUID
    grant: Grant
    recording: Recording
    standing: Standing

    async def watch(self) -> None:
        """Raise Gone where what may be heard has become less since: a stream under way ends there."""
        async with self.means.database.transaction(self.tenant) as tx:
            recording = await kept(tx, self.recording.id)
            standing = await standings.standing_of(tx, recording)
            refusal = still_holds(self.grant, recording, standing, now=self.grant.expires_at - RECHECK)
            if refusal is not None:
                await enter_refusal(tx, self.grant, refusal)
        left = audible(recording, standing, self.grant.purpose)
        if refusal is not None or left != audible(self.recording, self.standing, self.grant.purpose):
            raise Gone("listening_ended", "What may be heard has become less; ask again.")


async def open_grant(means: Means, principal: Principal, recording_id: UUID, grant_id: UUID) -> Opened:
    """Judge a grant once more, and write when it was first used.

    Raises NotFound (also for another's grant), Gone, Forbidden where the grant has ended (then the refusal is in the
    ledger).
    """
    tenant, listener = tenant_of(principal), listener_of(principal)
    async with means.database.transaction(tenant) as tx:
        found = await opening(tx, grant_id, recording_id, listener=listener.subject, request=listener.request)
        grant, recording, standing = found.grant, found.recording, found.standing
        if recording is None:
            raise BURIED.error()
        refusal = still_holds(grant, recording, standing, now=tx.now)
        if refusal is not None:
            await enter_refusal(tx, grant, refusal)
        elif not found.played:
            await grants.note_played(tx, grant.id)
    if refusal is not None:
        raise refusal.error()
    return Opened(means, tenant, grant, recording, standing)


async def play(means: Means, principal: Principal, recording_id: UUID, grant_id: UUID, mute: list[str]) -> Playback:
    """Return what a grant lets its holder hear now, with the voices of some parties left out.

    Raises what `open_grant` raises, Malformed `party_unknown`, Conflict `not_separable`.
    """
    opened = await open_grant(means, principal, recording_id, grant_id)
    recording, tenant = opened.recording, opened.tenant
    silent = muted_channels(recording, mute)
    if isinstance(silent, Refusal):
        raise silent.error()
    keep = kept_frames(recording, audible(recording, opened.standing, opened.grant.purpose))
    original = await _original(means, tenant, recording) if whole(recording, keep, silent) else None
    return Playback(means, tenant, recording, render(recording, keep, silent, original), opened.watch)


async def _original(means: Means, tenant: UUID, recording: Recording) -> Wrapping | None:
    if recording.original is None:
        return None
    try:
        value = await means.vault.open_small(tenant, recording.original.key, recording.original.sealed, ORIGINAL)
    except NotFound:
        raise await why_unreadable(means, tenant) from None
    except SealBroken:
        raise await _damaged(means, tenant, recording.id) from None
    return Wrapping.from_bytes(value)


async def _damaged(means: Means, tenant: UUID, recording: UUID) -> Unavailable:
    """Alarm that what is stored is not what was sealed, and return what the listener is told."""
    async with means.database.transaction(tenant) as tx:
        await alarm(tx, "recording_damaged", about=recording, detail="What is stored is not what was sealed.")
        await beside.read_back_soon(tx, recording)
    return Unavailable("seal_broken", "What is stored is not what was sealed; nothing of it is given out.")


class _Steady:
    """A stream of pieces of any size, read in amounts of our choice, which are not copied where one piece has them."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._ready = stream, memoryview(b"")

    @classmethod
    async def of(cls, stack: AsyncExitStack, stream: Any) -> "_Steady":
        """Read a stream, which closes with the stack."""
        return cls(await stack.enter_async_context(aclosing(stream)))

    async def pass_over(self, amount: int) -> None:
        while amount:
            amount -= len(await self.take(min(amount, BLOCK)))

    async def take(self, amount: int) -> bytes | memoryview:
        parts, missing = [], amount
        while len(self._ready) < missing:
            parts.append(self._ready)
            missing -= len(self._ready)
            piece = await anext(self._stream, None)
            if piece is None:
                raise SealBroken
            self._ready = memoryview(piece)
        last, self._ready = self._ready[:missing], self._ready[missing:]
        return b"".join((*parts, last)) if any(parts) else last


async def _next(track: _Steady | None, amount: int) -> bytes | memoryview | None:
    return None if track is None else await track.take(amount)
