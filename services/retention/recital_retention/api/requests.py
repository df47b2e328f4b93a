"""What dsar asks under its order tokens: to withhold what a request is about, and for retention's own part of it."""

from typing import Annotated
from uuid import UUID

from fastapi import Response
from pydantic import Field
from recital_errors import Conflict, Forbidden, NotFound
from recital_identity import Principal
from recital_runtime import Caller, Instant, Model, Router, accepts_order, requires_order

from recital_retention.actions import parts
from recital_retention.actions.means import Means
from recital_retention.actions.requests import withhold


class Withhold(Model):
    """A request and whom it is about."""

    request: UUID
    subjects: Annotated[tuple[UUID, ...], Field(max_length=1_000)]


class WithholdingView(Model):
    """Nothing that speaks of these subjects passes the point of no return until the request is closed."""

    request: UUID
    subjects: list[UUID]
    in_force_since: Instant


def request_routes(means: Means) -> Router:
    """Return the routes that serve persons' requests."""
    router = Router(prefix="/v1", tags=["requests"])

    @router.post("/withholdings", status_code=201)
    async def place_withholding(
        body: Withhold, caller: Annotated[Caller, requires_order("withhold")]
    ) -> WithholdingView:
        """Keep what a request is about until it is closed; asking again changes nothing. 409 where it is closed."""
        if body.request != caller.principal.request or not set(body.subjects) <= caller.principal.subjects:
            raise Forbidden("order_of_another", "This order is for another request, or for other subjects.")
        placed = await withhold(caller.tx, body.request, body.subjects)
        if placed.lifted_at is not None:
            raise Conflict("request_closed", "This request is closed.")
        return WithholdingView(request=body.request, subjects=sorted(body.subjects), in_force_since=placed.placed_at)

    @router.get(
        "/collections/{order}/part",
        response_class=Response,
        responses={200: {"content": {"application/json": {}}, "description": "The part, exactly as it was sealed."}},
    )
    async def read_part(order: UUID, principal: Annotated[Principal, accepts_order("collect")]) -> Response:
        """Give the part of a collection that was announced with `part.collected`; 410 once it is destroyed."""
        if principal.tenant is None or principal.request is None:
            raise NotFound
        document = await parts.open_part(means, principal.tenant, order, principal.request)
        return Response(document, media_type="application/json", headers={"Cache-Control": "no-store"})

    return router
