"""Legal holds over HTTP: placed by legal counsel on a list of recordings, read, released."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from fastapi import Query
from pydantic import Field, model_validator
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
from recital_retention.model import Hold, HoldScope

Ids = Annotated[tuple[UUID, ...], Field(min_length=1, max_length=10_000)]


class Period(Model):
    """The calls that ended in [from, until); open where one is not given."""

    from_: Annotated[Instant | None, Field(alias="from")] = None
    until: Instant | None = None

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.from_ is not None and self.until is not None and self.from_ >= self.until:
            raise ValueError("a period ends after it starts")
        return self


class PlaceHold(Model):
    """A hold that is asked for: `reason` says why, `matter` names the case, `review_on` when it is looked at again.

    On one of: listed `recordings`, the recordings of `calls`, those that speak of `subjects` (in a `period`); the last
    two with `future` also on recordings that are stored later.
    """

    reason: Text2000
    matter: Text200
    review_on: date
    recordings: Ids | None = None
    calls: Ids | None = None
    subjects: Ids | None = None
    period: Period | None = None
    future: bool = False

    @model_validator(mode="after")
    def _one_scope(self) -> Self:
        if sum(each is not None for each in (self.recordings, self.calls, self.subjects)) != 1:
            raise ValueError("a hold is on recordings, or calls, or subjects")
        if self.period is not None and self.subjects is None:
            raise ValueError("a period goes with subjects")
        if self.future and self.recordings is not None:
            raise ValueError("listed recordings are all there is: future goes with calls or subjects")
        return self

    def scope(self) -> HoldScope:
        """Return by what the hold finds its recordings."""
        period = self.period or Period()
        return HoldScope(
            recordings=_sorted(self.recordings),
            calls=_sorted(self.calls),
            subjects=_sorted(self.subjects),
            period_from=period.from_,
            period_until=period.until,
            future=self.future,
        )


class ReleaseHold(Model):
    """Why a hold ends; `for_another` says that it is known that somebody else placed it."""

    reason: Text2000
    for_another: bool = False


class TooLateView(Model):
    """A recording that the hold came too late for, and when its deletion began."""

    recording: UUID
    deletion_began_at: Instant


class HoldView(Model):
    """A hold; its texts are gone once the control ledger alone remembers it."""

    id: UUID
    reason: str | None
    matter: str | None
    review_on: date
    placed_by: str
    placed_at: Instant
    recordings: list[UUID]
    calls: list[UUID]
    subjects: list[UUID]
    period: Period | None
    future: bool
    too_late: list[TooLateView]
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
        """Place a hold; 409 `deletion_began` with the moment where what is listed is past the point of no return.

        One on calls or subjects holds what it still can, and says what it came `too_late` for.
        """
        wanted = holds.Wanted(body.reason, body.matter, body.review_on, body.scope(), principal.subject)
        return _hold(await holds.place_hold(means, _tenant(principal), wanted, key))

    @router.post("/{hold}/release")
    async def release_hold(
        hold: UUID, body: ReleaseHold, principal: Annotated[Principal, authenticated(Permission.PLACE_HOLDS)]
    ) -> HoldView:
        """End a hold; what only it kept is decided again. 403 `hold_of_another`, 409 `hold_released`."""
        found = await holds.release_hold(
            means,
            _tenant(principal),
            hold,
            by=principal.subject,
            because=body.reason,
            for_another=body.for_another,
        )
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


def _sorted(ids: tuple[UUID, ...] | None) -> tuple[UUID, ...]:
    return tuple(sorted(set(ids or ())))


def _hold(hold: Hold) -> HoldView:
    scope = hold.scope
    period = Period.model_validate({"from": scope.period_from, "until": scope.period_until})
    return HoldView(
        id=hold.id,
        reason=hold.reason,
        matter=hold.matter,
        review_on=hold.review_on,
        placed_by=hold.placed_by,
        placed_at=hold.placed_at,
        recordings=list(hold.recordings),
        calls=list(scope.calls),
        subjects=list(scope.subjects),
        period=period if scope.period_from or scope.period_until else None,
        future=scope.future,
        too_late=[TooLateView(recording=id_, deletion_began_at=at) for id_, at in sorted(hold.too_late.items())],
        released_at=hold.released_at,
        released_by=hold.released_by,
        release_reason=hold.release_reason,
    )
