"""Audio in: the raw body under a permit. No form is parsed, nothing is spooled: plaintext never reaches a disk."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Header, Request, Response
from recital_errors import Malformed
from recital_identity import Permission, Principal
from recital_runtime import IdempotencyKey, Router, authenticated
from starlette.requests import ClientDisconnect

from recital_ingest.actions.body import Body
from recital_ingest.actions.listening import tenant_of
from recital_ingest.actions.means import Means
from recital_ingest.actions.uploading import Upload, take_in
from recital_ingest.api.digests import digests_of
from recital_ingest.api.views import RecordingView, recording_view
from recital_ingest.model.container import RAW_TYPES
from recital_ingest.model.media import media_type_of, raw_reader

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_TYPES = ("audio/wav", "audio/ogg", "audio/mpeg", "audio/flac", "audio/mp4", "audio/aac", *RAW_TYPES)
BODY = {"requestBody": {"required": True, "content": dict.fromkeys(_TYPES, _BINARY)}}


def upload_routes(means: Means) -> Router:
    """Return the routes by which audio comes in."""
    router = Router(prefix="/v1", tags=["recordings"])

    @router.post("/recordings", status_code=201, openapi_extra=BODY, responses={200: {"model": RecordingView}})
    async def send_recording(
        request: Request,
        response: Response,
        principal: Annotated[Principal, authenticated(Permission.SEND_AUDIO)],
        permit: Annotated[str | None, Header(alias="Recital-Permit")] = None,
        digest: Annotated[str | None, Header(alias="Content-Digest", max_length=1_000)] = None,
        key: IdempotencyKey = None,
    ) -> RecordingView:
        """Take one call's audio in: 201 when it is durable, 200 with the same answer when it was sent before."""
        media_type, parameters = media_type_of(request.headers.get("content-type"))
        upload = Upload(
            tenant=tenant_of(principal),
            permit=permit,
            media_type=media_type,
            digests=digests_of(digest),
            key=key,
            body=Body(stream=stream_of(request), length=length_of(request)),
            raw=raw_reader(media_type, parameters),
        )
        taken = await take_in(means, upload)
        if not taken.created:
            response.status_code = 200
        return recording_view(taken.recording)

    return router


async def stream_of(request: Request) -> AsyncIterator[bytes]:
    """Give a request's body as it comes. Raises Malformed `upload_broken_off` where its sender leaves."""
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        # Nobody is left to read this; it ends the upload.
        raise Malformed("upload_broken_off", "The sender has gone.") from None


def length_of(request: Request) -> int | None:
    """Return how long a request says its body is; None where it does not say."""
    stated = request.headers.get("content-length")
    return int(stated) if stated is not None and stated.isascii() and stated.isdigit() else None
