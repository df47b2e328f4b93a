"""What other services ask of dsar: whether a tenant may close, and the text of a correction."""

from typing import Annotated
from uuid import UUID

from recital_errors import NotFound
from recital_runtime import Model, Operator, Router, serves_service

from recital_dsar.actions.means import Means
from recital_dsar.actions.measuring import owner_of, wording_of
from recital_dsar.actions.tenants import begin_closing


class OpenThing(Model):
    """What is still open, and how many."""

    what: str
    count: int


class ClosingView(Model):
    """Whether nothing is open; then staff hands nothing in any more."""

    clear: bool
    open: list[OpenThing]


class RectificationView(Model):
    """A correction that must stand with a holding."""

    holding: UUID | None
    kind: str | None
    text: str


def internal_routes(means: Means) -> Router:
    """Return the routes for other services."""
    router = Router(prefix="/internal/v1", tags=["internal"])

    @router.post("/tenants/{tenant}/closing")
    async def close(tenant: UUID, service: Annotated[Operator, serves_service()]) -> ClosingView:
        """Say whether a tenant may close; if it may, new requests by its staff are refused from now on."""
        still = await begin_closing(await service.enter(tenant))
        return ClosingView(
            clear=not still, open=[OpenThing(what=f"{kind} request", count=count) for kind, count in still.items()]
        )

    @router.get("/rectifications/{rectification}")
    async def show_rectification(
        rectification: UUID, service: Annotated[Operator, serves_service()]
    ) -> RectificationView:
        """Give the text of a correction to its owner."""
        owner = await owner_of(await service.look(), rectification)
        if owner is None:
            raise NotFound
        taken, text = await wording_of(await service.enter(owner), means, rectification)
        return RectificationView(holding=taken.holding, kind=taken.kind, text=text)

    return router
