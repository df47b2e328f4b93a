"""A body taken for what it is: WAV or raw samples as they stream by, compressed audio by its decoder.

What it is, is told by its first bytes; a name or media type is believed only where the body has no header of its own.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from recital_ingest.actions.body import Body, pieces
from recital_ingest.actions.compressed import receive_compressed
from recital_ingest.actions.means import Means
from recital_ingest.actions.sealing import Kept, receive
from recital_ingest.decisions.admission import Digests
from recital_ingest.decisions.reception import Reception
from recital_ingest.model.container import NEEDED, Container, recognise
from recital_ingest.model.permit import Permit
from recital_ingest.model.raw import RawReader
from recital_ingest.model.upload import Intent
from recital_ingest.model.wav import CodedSamples


@dataclass(frozen=True, slots=True)
class Coming:
    """A body with what its sender says of it. `raw` reads it where it has no header of its own."""

    body: Body
    digests: Digests
    raw: RawReader | None = None


async def receive_body(means: Means, permit: Permit, coming: Coming, intent: Intent, tenant_key: UUID) -> Kept:
    """Read a whole body and seal it, whatever it is; raises what `receive` and `receive_compressed` raise."""
    reception = Reception(permit, length=coming.body.length, stated=coming.digests, raw=coming.raw)
    async with aclosing(pieces(coming.body, means.limits)) as body:
        # A piece is longer than any header, or all there is: it tells what this is.
        first = await anext(body, b"")
        container = None if coming.raw else recognise(first[:NEEDED])
        if container is None:
            try:
                return await receive(means, reception, _with(first, body), intent, tenant_key)
            except CodedSamples:
                container = Container.WAV
        return await receive_compressed(
            means, permit, coming.digests, container, _with(first, body), (intent, tenant_key)
        )


async def _with(first: bytes, body: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    if first:
        yield first
    async for piece in body:
        yield piece
