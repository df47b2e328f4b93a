"""What an owner of holdings tells retention: how many of each kind live, by the month of their ids.

Retention compares it with its register: what an owner has and never announced would never be erased.
"""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from recital_database.counting import count_by_month

from recital_runtime.access import Operator, Router, serves_service
from recital_runtime.shapes import Instant, Model


class HoldingCounts(Model):
    """How many holdings live, by kind and then by month (`2026-11`)."""

    kinds: dict[str, dict[str, int]]


def counting_routes(living: Mapping[str, str]) -> Router:
    """Return the route; `living` says for each kind where its holdings are and which live."""
    router = Router(prefix="/internal/v1", tags=["internal"])

    @router.get("/holdings")
    async def count_holdings(
        tenant: UUID, until: Instant, service: Annotated[Operator, serves_service()]
    ) -> HoldingCounts:
        """Count a tenant's living holdings whose ids were made before a moment."""
        return HoldingCounts(kinds=await count_by_month(await service.enter(tenant), living, until))

    return router
