"""Leave to listen, asked for one recording, one purpose and a reason (R05, R10)."""

from typing import Annotated
from uuid import UUID

from recital_identity import Permission, Principal
from recital_runtime import BearerToken, Model, Router, Text200, Text2000, authenticated_or_order

from recital_ingest.actions.listening import GrantWish, give_grant
from recital_ingest.actions.means import Means
from recital_ingest.api.views import GrantView, grant_view

LISTENER = Annotated[Principal, authenticated_or_order(Permission.LISTEN, "render")]


class AskGrant(Model):
    """For what and why somebody wants to listen; `request` with the purpose `subject_request` only."""

    purpose: Text200
    reason: Text2000
    ticket: Text200 | None = None
    request: UUID | None = None


def grant_routes(means: Means) -> Router:
    """Return the route by which leave to listen is asked."""
    router = Router(prefix="/v1", tags=["listening"])

    @router.post("/recordings/{recording_id}/grants", status_code=201)
    async def ask_grant(recording_id: UUID, body: AskGrant, principal: LISTENER, token: BearerToken) -> GrantView:
        """Give leave for at most 15 minutes, or name every rule that forbids; both are in the access ledger."""
        wished = GrantWish(recording_id, body.purpose, body.reason, body.ticket, body.request)
        return grant_view(await give_grant(means, principal, token, wished))

    return router
