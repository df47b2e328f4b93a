"""HTTP in: officers and the portal hand in and decide, a person fetches the package; shapes only, no decisions."""

from recital_runtime import Router

from recital_dsar.actions.means import Means
from recital_dsar.api.handover import handover_routes
from recital_dsar.api.requests import request_routes
from recital_dsar.api.review import review_routes

__all__ = ["routes"]


def routes(means: Means) -> Router:
    """Return all routes of this service."""
    router = Router()
    for each in (request_routes(means), review_routes(means), handover_routes(means)):
        router.include_router(each)
    return router
