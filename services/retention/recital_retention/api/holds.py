"""Legal holds over HTTP: placed by legal counsel on a list of recordings, read, released."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field
from recital_errors import Forbidden
from recital_identity import Permission, Principal
from recital_runtime import (
    Caller,
    IdempotencyKey,
    Instant,
    Model,
    PageOf,
    Paging,
    Router,
    Text200,
    Text2000,
    authenticated,
    page_of,
    requires,
)

from recital_retention.actions import holds
from recital_retention.actions.means import Means
from recital_retention.model import Hold


class PlaceHold(Model):
    """A hold that is asked for: `reason` says why, `matter` names the case, `review_on` when it is looked at again."""

    reason: Text2000
    matter: Text200
    review_on: date
    recordings: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=10_000)]


class ReleaseHold(Model):
    """Why a hold ends."""

    reason: Text2000


class HoldView(Model):
    """A hold; its texts are gone once the control ledger alone remembers it."""

    id: UUID
    reason: str | None
    matter: str | None
    review_on: date
    placed_by: str
    placed_at: Instant
    recordings: list[UUID]
    released_at: Instant | None
    released_by: str | None
    release_reason: str | None


def hold_routes(means: Means) -> Router:
    """Return the routes of legal holds."""
    router = Router(prefix="/v1/holds", tags=["holds"])

    @router.post("", status_code=201)
    async def place_hold(
        body: PlaceHold,
        principal: Annotated[Principal, authenticated(Permission.PLACE_HOLDS)],
        key: IdempotencyKey = None,
    ) -> HoldView:
        """Place a hold on recordings; 409 `deletion_began` with the moment where one is past the point of no return."""
        recordings = tuple(sorted(set(body.recordings)))
        wanted = holds.Wanted(body.reason, body.matter, body.review_on, recordings, principal.subject)
        return _hold(await holds.place_hold(means, _tenant(principal), wanted, key))

    @router.post("/{hold}/release")
    async def release_hold(
        hold: UUID, body: ReleaseHold, principal: Annotated[Principal, authenticated(Permission.PLACE_HOLDS)]
    ) -> HoldView:
        """End a hold; what only it kept is decided again."""
        found = await holds.release_hold(means, _tenant(principal), hold, by=principal.subject, because=body.reason)
        return _hold(found)

    @router.get("")
    async def list_holds(
        caller: Annotated[Caller, requires(Permission.READ_HOLDINGS)],
        page: Paging,
        released: Annotated[bool, Query()] = False,  # noqa: FBT002 - a query parameter
    ) -> PageOf[HoldView]:
        """List the holds in force; `released=true` lists all."""
        found = await holds.list_holds(caller.tx, after=page.after, most=page.limit + 1, released=released)
        return page_of([_hold(each) for each in found], page, lambda each: each.id)

    @router.get("/{hold}")
    async def read_hold(hold: UUID, caller: Annotated[Caller, requires(Permission.READ_HOLDINGS)]) -> HoldView:
        """Show one hold."""
        return _hold(await holds.read_hold(caller.tx, hold))

    return router


def _tenant(principal: Principal) -> UUID:
    if principal.tenant is None:
        raise Forbidden("tenant_missing", "This token is of no tenant.")
    return principal.tenant


def _hold(hold: Hold) -> HoldView:
    return HoldView(
        id=hold.id,
        reason=hold.reason,
        matter=hold.matter,
        review_on=hold.review_on,
        placed_by=hold.placed_by,
        placed_at=hold.placed_at,
        recordings=list(hold.recordings),
        released_at=hold.released_at,
        released_by=hold.released_by,
        release_reason=hold.release_reason,
    )
