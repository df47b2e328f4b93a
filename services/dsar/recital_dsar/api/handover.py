"""Routes of the person who asked: a one-time code becomes a token, and the token fetches the package, once."""

from typing import Annotated
from uuid import UUID

from fastapi.responses import StreamingResponse
from recital_identity import Principal
from recital_runtime import Router, open_route, serves_subject

from recital_dsar.actions.delivery import open_package, open_session
from recital_dsar.actions.means import Means
from recital_dsar.api.shapes import Code, SessionView


def handover_routes(means: Means) -> Router:
    """Return the routes of session and package."""
    router = Router(prefix="/v1/requests/{request}", tags=["handover"])

    @router.post("/session", dependencies=[open_route("the one-time code is the credential")])
    async def start_session(request: UUID, body: Code) -> SessionView:
        """Exchange the one-time code for a token; whatever is wrong with it, the refusal is the same."""
        session = await open_session(means, request, body.code)
        return SessionView(token=session.token, expires_at=session.expires_at)

    @router.get(
        "/package",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}},
    )
    async def fetch_package(request: UUID, principal: Annotated[Principal, serves_subject()]) -> StreamingResponse:
        """Give the package; once it has gone out whole, the request is closed and this link has died (410)."""
        download = await open_package(means, principal, request)
        return StreamingResponse(
            download.chunks,
            media_type="application/zip",
            headers={
                "Content-Length": str(download.size),
                "Content-Disposition": f'attachment; filename="recital-{download.request}.zip"',
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
                "Content-Security-Policy": "default-src 'none'; sandbox",
            },
        )

    return router
