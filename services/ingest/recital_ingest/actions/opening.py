"""A recording that is kept as the compressed file it came as, opened to its frames: where a part must be silenced."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

from recital_vault import SealBroken

from recital_ingest.actions.compressed import in_memory
from recital_ingest.actions.decoding import Decoding
from recital_ingest.actions.means import Means
from recital_ingest.model.recording import Recording
from recital_ingest.model.upload import object_key


async def decoded(means: Means, tenant: UUID, recording: Recording) -> AsyncGenerator[bytes, None]:
    """Give the frames (PCM 16) of a recording whose one track is the file that was received; in memory only.

    Raises what reading and decoding raise; SealBroken where it is not what was taken in.
    """
    [track] = recording.tracks
    if recording.container is None:
        raise SealBroken
    reader = means.vault.reader(tenant, recording.id, track.track, object_key(track.object), track.key, size=track.size)
    with in_memory() as file:
        async with aclosing(reader.read()) as pieces:
            async for piece in pieces:
                await asyncio.to_thread(os.write, file, piece)
        async with means.decoders:
            decoding = Decoding(means.limits.decoder, recording.container, file)
            async with aclosing(decoding.read()) as frames:
                async for piece in frames:
                    yield piece
