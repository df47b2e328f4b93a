"""What dsar asks for a person's request, under its orders."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi.responses import StreamingResponse
from pydantic import Field
from recital_identity import Principal
from recital_runtime import Caller, Model, Router, Text200, accepts_order, requires_order

from recital_consent.actions.collecting import read_part
from recital_consent.actions.means import Means
from recital_consent.actions.resolving import resolve_subjects
from recital_consent.model.subjects import IdentifierKind


class IdentifierBody(Model):
    """What a person says to be known by, or the speakable reference of a call that person took part in."""

    kind: IdentifierKind | Literal["call_reference"]
    value: Text200


class Resolve(Model):
    """Whom a request is about."""

    identifiers: list[IdentifierBody] = Field(min_length=1, max_length=50)


class ResolvedView(Model):
    """The subjects that were found; the same shape for nobody."""

    subjects: list[UUID]


def request_routes(means: Means) -> Router:
    """Return the routes that serve a person's request."""
    router = Router(prefix="/v1", tags=["requests"])

    @router.post("/subjects/resolve")
    async def resolve(body: Resolve, caller: Annotated[Caller, requires_order("resolve")]) -> ResolvedView:
        """Return the subjects behind identifiers."""
        asked = [(each.kind, each.value) for each in body.identifiers if isinstance(each.kind, IdentifierKind)]
        references = [each.value for each in body.identifiers if not isinstance(each.kind, IdentifierKind)]
        found = await resolve_subjects(means, caller.tx, caller.principal.request, asked, references)
        return ResolvedView(subjects=found)

    @router.get("/collections/{order}/part")
    async def part(order: UUID, principal: Annotated[Principal, accepts_order("collect")]) -> StreamingResponse:
        """Stream our part of a collection, exactly the bytes that were announced."""
        size, pieces = await read_part(means, principal, order)
        headers = {"Content-Length": str(size), "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return StreamingResponse(pieces, media_type="application/json", headers=headers)

    return router
