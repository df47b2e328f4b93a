"""A request's body as it comes over the wire: bounded in size, time and pace, and handed on in large pieces.

It waits in memory only, never more than one piece.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from recital_errors import Malformed, TooLarge

from recital_ingest.actions.means import Limits

PIECE = 512 * 1024
# A body may dawdle for so many seconds before its pace is judged.
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Body:
    """What the sender sends. `length` is what it says of it; the wire decides."""

    stream: AsyncIterator[bytes]
    length: int | None


async def pieces(body: Body, limits: Limits) -> AsyncGenerator[bytes, None]:
    """Give the body in pieces of about 512 KiB.

    Raises TooLarge `upload_too_large`, Malformed `upload_too_slow`, and what the stream raises when the sender leaves.
    Only the time that the sender keeps us waiting counts against it.
    """
    if body.length is not None and body.length > limits.largest_upload:
        raise _too_large()
    loop = asyncio.get_running_loop()
    stream = aiter(body.stream)
    received, waited, ready = 0, 0.0, bytearray()
    while True:
        asked_at = loop.time()
        try:
            async with asyncio.timeout(limits.longest_silence.total_seconds()):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise _too_slow() from None
        waited += loop.time() - asked_at
        if chunk is None:
            break
        received += len(chunk)
        if received > limits.largest_upload:
            raise _too_large()
        if waited > limits.longest_upload.total_seconds() or _crawls(received, waited, limits):
            raise _too_slow()
        ready += chunk
        if len(ready) >= PIECE:
            yield bytes(ready)
            ready.clear()
    if ready:
        yield bytes(ready)


def _crawls(received: int, waited: float, limits: Limits) -> bool:
    return waited > PATIENCE and received < limits.slowest_upload * waited


def _too_large() -> TooLarge:
    return TooLarge("upload_too_large", "The audio is larger than what is taken here.")


def _too_slow() -> Malformed:
    return Malformed("upload_too_slow", "The body came too slowly; send it again.")
