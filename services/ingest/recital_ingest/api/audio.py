"""Audio out, under a grant: the whole file, one range of it, or several (RFC 9110 14)."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

from fastapi import Header, Query, Response
from fastapi.responses import StreamingResponse
from recital_identity import Permission, Principal
from recital_runtime import Model, Router, authenticated_or_order

from recital_ingest.actions.drawing import draw
from recital_ingest.actions.means import Means
from recital_ingest.actions.playing import Playback, play
from recital_ingest.api.ranges import Range, ranges_of

LISTENER = Annotated[Principal, authenticated_or_order(Permission.LISTEN, "render")]
MEDIA_TYPE = "audio/wav"
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Accept-Ranges": "bytes"}
RESPONSES: dict[int | str, dict[str, object]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
    206: {"description": "The ranges asked for."},
    416: {"description": "No range lies in the file."},
}


class WaveformView(Model):
    """Peaks per channel, in `bits` bits, of `samples_per_pixel` samples each."""

    channels: int
    sample_rate: int
    samples_per_pixel: int
    bits: int
    length: int
    data: list[list[int]]


def audio_routes(means: Means) -> Router:
    """Return the route by which audio goes out."""
    router = Router(prefix="/v1", tags=["listening"])

    @router.get("/recordings/{recording_id}/audio", response_class=Response, responses=RESPONSES)
    async def listen(
        recording_id: UUID,
        principal: LISTENER,
        grant: Annotated[UUID, Query()],
        mute: Annotated[str, Query(max_length=2_000)] = "",
        asked: Annotated[str | None, Header(alias="Range")] = None,
        unless_changed: Annotated[str | None, Header(alias="If-Range")] = None,
    ) -> Response:
        """Stream the purpose's spans, the rest silent; parties named in `mute` (with commas between) are left out."""
        voices = [each.strip() for each in mute.split(",") if each.strip()]
        playback = await play(means, principal, recording_id, grant, voices)
        # A rendering has no validator, so it never matches one (RFC 9110 13.1.5): then the whole is given.
        return await _answer(playback, ranges_of(None if unless_changed else asked, playback.size))

    @router.get("/recordings/{recording_id}/waveform")
    async def waveform(
        recording_id: UUID, principal: LISTENER, response: Response, grant: Annotated[UUID, Query()]
    ) -> WaveformView:
        """Give the peaks under a grant: lowest and highest in turn, level where the purpose does not reach."""
        response.headers.update(HEADERS | {"Accept-Ranges": "none"})
        return WaveformView.model_validate(await draw(means, principal, recording_id, grant))

    return router


async def _answer(playback: Playback, ranges: list[Range] | None) -> Response:
    size = playback.size
    if ranges == []:
        return Response(status_code=416, headers=HEADERS | {"Content-Range": f"bytes */{size}"})
    if ranges is None:
        return await _begun(playback.read(0, size), 200, size, playback.rendering.media_type, {})
    if len(ranges) == 1:
        [(start, stop)] = ranges
        more = {"Content-Range": f"bytes {start}-{stop - 1}/{size}"}
        return await _begun(playback.read(start, stop), 206, stop - start, playback.rendering.media_type, more)
    # A boundary that cannot be in the audio but by a chance of one in 2^122.
    boundary = playback.recording.id.hex
    length = sum(len(_before(each, playback, boundary)) + each[1] - each[0] for each in ranges) + len(_end(boundary))
    several = _several(playback, ranges, boundary)
    return await _begun(several, 206, length, f"multipart/byteranges; boundary={boundary}", {})


async def _begun(
    stream: AsyncGenerator[bytes, None], status: int, length: int, media_type: str, more: dict[str, str]
) -> Response:
    """Answer once the first bytes are there: what cannot be read is a problem document, not a broken 200."""
    first = await anext(stream, b"")
    headers = HEADERS | more | {"Content-Length": str(length)}
    return StreamingResponse(_rest(first, stream), status_code=status, media_type=media_type, headers=headers)


async def _rest(first: bytes, stream: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    async with aclosing(stream):
        yield first
        async for block in stream:
            yield block


async def _several(playback: Playback, ranges: list[Range], boundary: str) -> AsyncGenerator[bytes, None]:
    for start, stop in ranges:
        head = _before((start, stop), playback, boundary)
        async with aclosing(playback.read(start, stop)) as blocks:
            async for block in blocks:
                yield head + block
                head = b""
    yield _end(boundary)


def _before(one: Range, playback: Playback, boundary: str) -> bytes:
    place = f"bytes {one[0]}-{one[1] - 1}/{playback.size}"
    lines = f"--{boundary}\r\nContent-Type: {playback.rendering.media_type}\r\nContent-Range: {place}\r\n\r\n"
    return b"\r\n" + lines.encode()


def _end(boundary: str) -> bytes:
    return f"\r\n--{boundary}--\r\n".encode()
