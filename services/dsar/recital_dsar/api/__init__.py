"""HTTP in: officers and the portal hand in and decide, a person fetches the package; shapes only, no decisions."""

from recital_runtime import Router, counting_routes, key_routes

from recital_dsar.actions.entries import LEDGER
from recital_dsar.actions.means import Means
from recital_dsar.api.answers import answer_routes
from recital_dsar.api.breaches import breach_routes
from recital_dsar.api.handover import handover_routes
from recital_dsar.api.internal import internal_routes
from recital_dsar.api.letters import letter_routes
from recital_dsar.api.proofs import proof_routes
from recital_dsar.api.register import register_routes
from recital_dsar.api.requests import request_routes
from recital_dsar.api.review import review_routes
from recital_dsar.store.living import LIVING
from recital_dsar.store.tenants import tenant_key

__all__ = ["routes"]


def routes(means: Means) -> Router:
    """Return all routes of this service."""
    router = Router()
    for each in (
        request_routes,
        proof_routes,
        review_routes,
        answer_routes,
        letter_routes,
        handover_routes,
        register_routes,
        breach_routes,
        internal_routes,
    ):
        router.include_router(each(means))
    router.include_router(counting_routes(LIVING))
    router.include_router(key_routes(LEDGER, tenant_key))
    return router
