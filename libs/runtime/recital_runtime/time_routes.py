"""The routes by which people see that time jumped, and say that destruction may go on.

The operator says so for everyone, once the present time is the right one; a privacy officer for the own tenant.
"""

from typing import Annotated

from fastapi import Request
from recital_database import Freeze, open_freeze, release_all, release_tenant
from recital_identity import Permission, Principal

from recital_runtime.access import Router, authenticated, runtime_of
from recital_runtime.shapes import Instant, Model, Text2000


class FreezeView(Model):
    """A jump of time: why destruction waits, and since when by the clock that jumped."""

    why: str
    found_at: Instant


class ClockView(Model):
    """Recital's time, and what holds destruction; None while nothing does."""

    now: Instant
    frozen: FreezeView | None


class Release(Model):
    """Why destruction may go on."""

    reason: Text2000


def time_routes() -> Router:
    """Return the routes of Recital's time."""
    router = Router(prefix="/v1/clock", tags=["health"])

    @router.get("")
    async def read_clock(
        request: Request, principal: Annotated[Principal, authenticated(Permission.READ_CLOCK)]
    ) -> ClockView:
        """Show Recital's time and whether destruction waits because it jumped."""
        database = runtime_of(request).database
        opened = database.work() if principal.tenant is None else database.transaction(principal.tenant)
        async with opened as tx:
            return ClockView(now=tx.now, frozen=_freeze(await open_freeze(tx)))

    @router.post("/release")
    async def release_clock(
        request: Request, body: Release, principal: Annotated[Principal, authenticated(Permission.RELEASE_CLOCK)]
    ) -> ClockView:
        """Let destruction go on, with a reason; 404 `not_frozen` where nothing holds it."""
        database = runtime_of(request).database
        if principal.tenant is None:
            async with database.work() as tx:
                await release_all(database, tx, by=principal.subject, because=body.reason)
                return ClockView(now=tx.now, frozen=None)
        async with database.transaction(principal.tenant) as tx:
            await release_tenant(tx, by=principal.subject, because=body.reason)
            return ClockView(now=tx.now, frozen=None)

    return router


def _freeze(freeze: Freeze | None) -> FreezeView | None:
    return None if freeze is None else FreezeView(why=freeze.why, found_at=freeze.found_at)
