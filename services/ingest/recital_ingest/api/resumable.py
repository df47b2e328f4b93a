"""Audio in, in several requests: tus 1.0.0 with creation, creation-with-upload, checksum, termination, expiration.

Left out: uploads of unknown length (a recording's is known, or it is a live stream) and concatenation.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Header, Request, Response
from recital_errors import Malformed, UnsupportedMedia
from recital_identity import Permission, Principal
from recital_runtime import IdempotencyKey, Router, authenticated, open_route

from recital_ingest.actions.body import Body
from recital_ingest.actions.continuing import Sent, go_on
from recital_ingest.actions.listening import tenant_of
from recital_ingest.actions.means import Means
from recital_ingest.actions.resuming import Wish, begin, find, give_up
from recital_ingest.api import tus
from recital_ingest.api.uploads import length_of, stream_of
from recital_ingest.model.resumable import Resumable

SENDER = Annotated[Principal, authenticated(Permission.SEND_AUDIO)]
BODY = {"requestBody": {"content": {tus.BYTES: {"schema": {"type": "string", "format": "binary"}}}}}
Work = Callable[[Means, Request, Principal, UUID], Awaitable[Response]]


def resumable_routes(means: Means) -> Router:
    """Return the routes of uploads in several requests."""
    router = Router(prefix="/v1", tags=["uploads"])

    @router.options("/uploads", status_code=204)
    async def can(_open: Annotated[None, open_route("what the protocol can; it shows nothing")]) -> Response:
        """Tell the protocol's version and extensions, and the largest file."""
        return tus.abilities(means.limits.largest_upload)

    @router.post("/uploads", status_code=201, openapi_extra=BODY)
    async def create(
        request: Request,
        principal: SENDER,
        permit: Annotated[str | None, Header(alias="Recital-Permit")] = None,
        key: IdempotencyKey = None,
    ) -> Response:
        """Begin an upload of Upload-Length bytes under a permit; a body are its first bytes."""
        return await tus.told(lambda: _created(means, request, principal, permit, key))

    @router.head("/uploads/{upload_id}", response_class=Response)
    async def state(request: Request, upload_id: UUID, principal: SENDER) -> Response:
        """Tell how many bytes are durable: where to go on from. `Recital-Recording` is what a whole upload became."""
        return await tus.told(lambda: _state(means, request, principal, upload_id))

    @router.patch("/uploads/{upload_id}", status_code=204, openapi_extra=BODY)
    async def add(request: Request, upload_id: UUID, principal: SENDER) -> Response:
        """Send the bytes from Upload-Offset on. The answer to the last names the recording: then it is durable."""
        return await tus.told(lambda: _added(means, request, principal, upload_id))

    @router.delete("/uploads/{upload_id}", status_code=204)
    async def end(request: Request, upload_id: UUID, principal: SENDER) -> Response:
        """End an upload that is not whole; nothing of it is left."""
        return await tus.told(lambda: _ended(means, request, principal, upload_id))

    @router.post("/uploads/{upload_id}", status_code=204, openapi_extra=BODY)
    async def overridden(
        request: Request,
        upload_id: UUID,
        principal: SENDER,
        method: Annotated[str, Header(alias="X-HTTP-Method-Override")],
    ) -> Response:
        """Do as PATCH or DELETE does, for senders that can only POST."""
        known: dict[str, Work] = {"PATCH": _added, "DELETE": _ended}
        if method not in known:
            raise Malformed("method_unknown", "X-HTTP-Method-Override is PATCH or DELETE here.")
        return await tus.told(lambda: known[method](means, request, principal, upload_id))

    return router


async def _created(
    means: Means, request: Request, principal: Principal, permit: str | None, key: str | None
) -> Response:
    tus.same_version(request)
    length, media = tus.whole_number(request, "Upload-Length"), tus.file_type(request)
    upload = await begin(means, Wish(tenant_of(principal), permit, length, media, key))
    if request.headers.get("content-type") == tus.BYTES and upload.received == 0:
        upload = await go_on(means, _sent(request, principal, upload.id, offset=0))
    return tus.answer(201, upload, {"Location": f"/v1/uploads/{upload.id}"})


async def _state(means: Means, request: Request, principal: Principal, upload_id: UUID) -> Response:
    tus.same_version(request)
    async with means.database.transaction(tenant_of(principal)) as tx:
        upload = await find(tx, upload_id)
    return tus.answer(200, upload, {"Upload-Length": str(upload.length), **tus.metadata(upload)})


async def _added(means: Means, request: Request, principal: Principal, upload_id: UUID) -> Response:
    tus.same_version(request)
    if request.headers.get("content-type") != tus.BYTES:
        raise UnsupportedMedia("upload_type_wrong", f"The body of a PATCH is {tus.BYTES}.")
    sent = _sent(request, principal, upload_id, offset=tus.whole_number(request, "Upload-Offset"))
    upload: Resumable = await go_on(means, sent)
    return tus.answer(204, upload)


async def _ended(means: Means, request: Request, principal: Principal, upload_id: UUID) -> Response:
    tus.same_version(request)
    await give_up(means, tenant_of(principal), upload_id)
    return tus.answer(204)


def _sent(request: Request, principal: Principal, upload: UUID, *, offset: int) -> Sent:
    body = Body(stream=stream_of(request), length=length_of(request))
    return Sent(tenant_of(principal), upload, offset, body, tus.checksum(request))
