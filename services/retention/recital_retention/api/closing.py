"""What consent asks before it closes a tenant: whether something is in the way; from then on no hold gets there."""

from typing import Annotated
from uuid import UUID

from recital_runtime import Model, Operator, Router, serves_service

from recital_retention.actions import closing
from recital_retention.actions.means import Means


class OpenView(Model):
    """Something that must end before the tenant can be closed."""

    what: str
    count: int


class ClosingView(Model):
    """Whether the tenant may be closed; while it may, no hold is placed any more."""

    clear: bool
    open: list[OpenView]


def closing_routes(means: Means) -> Router:
    """Return the internal route of closing a tenant."""
    router = Router(prefix="/internal/v1/tenants", tags=["internal"])

    @router.post("/{tenant}/closing")
    async def prepare(tenant: UUID, _caller: Annotated[Operator, serves_service()]) -> ClosingView:
        """Say what is in the way; with nothing in the way, refuse new holds for an hour, or for ever once closed."""
        found = await closing.prepare_closing(means, tenant)
        return ClosingView(clear=not found, open=[OpenView(what=each.what, count=each.count) for each in found])

    return router
