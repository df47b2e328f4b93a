"""Compressed audio: held whole in memory, decoded to be judged, and kept once: as it is, or decoded and silenced.

Nothing goes to the store before all of it was received, hashed, decoded and found to lie in the call. Without masks
the file itself is one mixed track, bit for bit. With masks its channels are tracks of PCM 16 like those of a WAV file.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing, contextmanager
from dataclasses import dataclass
from uuid import UUID

from recital_errors import Malformed, TooLarge

from recital_ingest.actions.decoding import Decoding
from recital_ingest.actions.means import Means
from recital_ingest.actions.sealing import Kept, finish_tracks, make_keys, writer_of
from recital_ingest.actions.together import together
from recital_ingest.decisions.admission import Digests
from recital_ingest.decisions.placement import Placement, match_channels, place, whole_for_all
from recital_ingest.decisions.reception import Received, tracks_of
from recital_ingest.model.container import Container
from recital_ingest.model.permit import Permit
from recital_ingest.model.recording import Track
from recital_ingest.model.refusal import Refusal
from recital_ingest.model.sound import Sound
from recital_ingest.model.upload import Intent

PIECE = 1 << 19


@dataclass(frozen=True, slots=True)
class Held:
    """A file that is in memory only: its descriptor, its size and what it hashes to."""

    file: int
    size: int
    digests: Digests


@dataclass(frozen=True, slots=True)
class Judged:
    """What decoding found: the format, the frames and what becomes of them."""

    sound: Sound
    frames: int
    placement: Placement


async def receive_compressed(
    means: Means,
    permit: Permit,
    stated: Digests,
    container: Container,
    coming: AsyncIterator[bytes],
    into: tuple[Intent, UUID],
) -> Kept:
    """Take a compressed file in; `into` is its intent and the tenant's key.

    Raises Malformed for what cannot be decoded or does not fit the call, TooLarge, Unavailable.
    """
    with in_memory() as file:
        held = await _hold(file, coming, means.limits.largest_compressed)
        if not stated.agrees(held.digests):
            raise Malformed("digest_mismatch", "The body is not what its Content-Digest says.")
        async with means.decoders:
            judged = await _judge(means, permit, container, held)
            received = _received(permit, held, judged, container)
            if received.container is not None:
                kept = await _seal_file(means, into, held)
            else:
                kept = await _seal_decoded(means, into, Decoding(means.limits.decoder, container, file), judged)
        intent, tracks = kept
        return Kept(intent, received, tracks, None)


@contextmanager
def in_memory() -> Iterator[int]:
    """Open an anonymous file that is in memory only; it is gone when this closes."""
    file = os.memfd_create("audio", os.MFD_CLOEXEC)
    try:
        yield file
    finally:
        os.close(file)


async def _hold(file: int, coming: AsyncIterator[bytes], largest: int) -> Held:
    sha256, sha512, size = hashlib.sha256(), hashlib.sha512(), 0

    def add(piece: bytes) -> None:
        sha256.update(piece)
        sha512.update(piece)
        os.write(file, piece)

    async for piece in coming:
        size += len(piece)
        if size > largest:
            raise TooLarge("upload_too_large", "Compressed audio of this size is not taken in one piece.")
        await asyncio.to_thread(add, piece)
    return Held(file, size, Digests(sha256.digest(), sha512.digest()))


async def _judge(means: Means, permit: Permit, container: Container, held: Held) -> Judged:
    """Decode it once, to know what it is and how long; end as soon as it is longer than the call can be."""
    decoding = Decoding(means.limits.decoder, container, held.file)
    async with aclosing(decoding.read()) as pieces:
        async for _ in pieces:
            if decoding.sound is not None and decoding.frames > _longest(permit, decoding.sound):
                raise Malformed("audio_not_aligned", "The audio is longer than was stated.")
    sound = decoding.sound
    if sound is None or decoding.frames == 0:
        raise Malformed("audio_malformed", "There is no audio in it.")
    verdict = match_channels(permit, sound) or place(permit, sound, decoding.frames)
    if isinstance(verdict, Refusal):
        raise verdict.error()
    return Judged(sound, decoding.frames, verdict)


def _longest(permit: Permit, sound: Sound) -> int:
    last = permit.stretches[-1]
    return ((last.offset + last.length) // 1_000_000 + 3) * sound.rate


def _received(permit: Permit, held: Held, judged: Judged, container: Container) -> Received:
    whole = whole_for_all(judged.placement, permit, judged.sound, judged.frames)
    return Received(
        sound=judged.sound,
        size=held.size,
        digests=held.digests,
        placement=judged.placement,
        frames_received=judged.frames,
        frames=min(judged.frames, judged.placement.frames),
        original=None,
        container=container if whole else None,
    )


async def _seal_file(means: Means, into: tuple[Intent, UUID], held: Held) -> tuple[Intent, tuple[Track, ...]]:
    intent, keys = await make_keys(means, *into, count=1)
    async with writer_of(means, intent, 0, keys[0]) as writer:
        for start in range(0, held.size, PIECE):
            await writer.write(await asyncio.to_thread(os.pread, held.file, PIECE, start))
        return intent, await finish_tracks(means, [writer], intent)


async def _seal_decoded(
    means: Means, into: tuple[Intent, UUID], decoding: Decoding, judged: Judged
) -> tuple[Intent, tuple[Track, ...]]:
    sound, placement = judged.sound, judged.placement
    intent, keys = await make_keys(means, *into, count=sound.channels)
    async with AsyncExitStack() as stack:
        writers = [
            await stack.enter_async_context(writer_of(means, intent, track, key)) for track, key in enumerate(keys)
        ]
        pieces = await stack.enter_async_context(aclosing(decoding.read()))
        first = 0
        async for piece in pieces:
            tracks = await asyncio.to_thread(tracks_of, sound, placement, piece, first=first)
            await together(writer.write(track) for writer, track in zip(writers, tracks, strict=True))
            first = decoding.frames
        if first != judged.frames:
            raise Malformed("audio_malformed", "The audio decodes to something else each time.")
        return intent, await finish_tracks(means, writers, intent)
