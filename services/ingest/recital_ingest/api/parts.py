"""What was collected for a person's request, for dsar's order token of that request only."""

from typing import Annotated
from uuid import UUID

from fastapi import Response
from fastapi.responses import StreamingResponse
from recital_identity import Principal
from recital_runtime import Router, accepts_order

from recital_ingest.actions.collecting import read_part
from recital_ingest.actions.means import Means


def part_routes(means: Means) -> Router:
    """Return the route by which dsar fetches the part."""
    router = Router(prefix="/v1", tags=["collections"])

    @router.get("/collections/{order}/part", response_class=Response)
    async def part(order: UUID, principal: Annotated[Principal, accepts_order("collect")]) -> Response:
        """Stream exactly the bytes whose hash was told when the part was collected."""
        size, content = await read_part(means, principal, order)
        headers = {"Content-Length": str(size), "Cache-Control": "no-store"}
        return StreamingResponse(content, media_type="application/json", headers=headers)

    return router
