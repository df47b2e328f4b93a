"""Oversight of listening: broken glass and its review, the quarterly account, and who listened to one's own calls."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from recital_identity import Permission, Principal
from recital_runtime import (
    BearerToken,
    Caller,
    Instant,
    Model,
    PageOf,
    Paging,
    Router,
    Text2000,
    authenticated,
    page_of,
    requires,
)

from recital_ingest.actions.means import Means
from recital_ingest.actions.overseeing import Account, Told, account, list_broken, listened_to, review

OVERSEER = Annotated[Principal, authenticated(Permission.READ_LEDGERS)]
OFFICER = Annotated[Principal, authenticated(Permission.HANDLE_REQUESTS)]


class GlassView(Model):
    """Listening without a purpose of the recording's own: why it was, and whether somebody has looked."""

    grant: UUID
    recording: UUID
    listener: str
    asked_at: Instant
    reason: str | None
    ticket: str | None
    reviewed_at: Instant | None
    reviewed_by: str | None


class Review(Model):
    """What was found when somebody looked."""

    finding: Text2000


class EntitledView(Model):
    """Who may listen for a version of a purpose."""

    purpose: str
    version: int
    roles: Sequence[str]
    in_force_from: Instant


class DidView(Model):
    """What one listener asked and did for one purpose."""

    listener: str
    roles: Sequence[str]
    purpose: str
    granted: int
    refused: int
    played: int
    recordings: int


class AccountView(Model):
    """Who may listen to what, and who did (R10); `unreviewed` are the broken glasses that wait now."""

    quarter: str
    since: Instant
    before: Instant
    may: Sequence[EntitledView]
    did: Sequence[DidView]
    unreviewed: int


class HeardView(Model):
    """That somebody of these roles was allowed to hear a call, for what, and when it was first played."""

    id: UUID
    recording: UUID
    call: UUID
    purpose: str
    roles: Sequence[str]
    granted_at: Instant
    played_at: Instant | None


def oversight_routes(means: Means) -> Router:
    """Return the routes by which listening is looked at."""
    router = Router(prefix="/v1", tags=["oversight"])

    @router.get("/broken-glass")
    async def broken_glass(
        principal: OVERSEER,
        page: Paging,
        reviewed: Annotated[bool, Query()] = False,  # noqa: FBT002 - a query parameter
    ) -> PageOf[GlassView]:
        """List what waits for its review; `reviewed=true` lists all."""
        found = await list_broken(means, principal, all_of_them=reviewed, after=page.after, most=page.limit + 1)
        return page_of([_glass(each) for each in found], page, lambda view: view.grant)

    @router.post("/broken-glass/{grant}/review", status_code=204, response_class=Response)
    async def review_glass(grant: UUID, body: Review, principal: OFFICER) -> Response:
        """Take one off the list, with what was found; nobody reviews their own."""
        await review(means, principal, grant, body.finding)
        return Response(status_code=204)

    @router.get("/access-reports/{quarter}")
    async def access_report(quarter: str, caller: Annotated[Caller, requires(Permission.READ_LEDGERS)]) -> AccountView:
        """Account for a quarter such as 2026-Q4 (UTC): who may listen to what, and who did."""
        found = await account(caller.tx, quarter)
        return _account(quarter, found)

    @router.get("/listened-to-me")
    async def listened_to_me(
        principal: Annotated[Principal, authenticated(Permission.READ_OWN_CALLS)], token: BearerToken, page: Paging
    ) -> PageOf[HeardView]:
        """Tell a member of staff who was allowed to hear the calls he or she took part in, and for what."""
        found = await listened_to(means, principal, token, after=page.after, most=page.limit + 1)
        views = [
            HeardView(
                id=each.grant,
                recording=each.recording,
                call=each.call,
                purpose=each.purpose,
                roles=each.roles,
                granted_at=each.granted_at,
                played_at=each.played_at,
            )
            for each in found
        ]
        return page_of(views, page, lambda view: view.id)

    return router


def _account(quarter: str, found: Account) -> AccountView:
    return AccountView(
        quarter=quarter,
        since=found.since,
        before=found.before,
        may=[
            EntitledView(purpose=each.purpose, version=each.version, roles=each.roles, in_force_from=each.in_force_from)
            for each in found.entitled
        ],
        did=[
            DidView(
                listener=each.listener,
                roles=each.roles,
                purpose=each.purpose,
                granted=each.granted,
                refused=each.refused,
                played=each.played,
                recordings=each.recordings,
            )
            for each in found.did
        ],
        unreviewed=found.unreviewed,
    )


def _glass(told: Told) -> GlassView:
    broken = told.broken
    return GlassView(
        grant=broken.grant,
        recording=broken.recording,
        listener=broken.listener,
        asked_at=broken.asked_at,
        reason=told.reason,
        ticket=told.ticket,
        reviewed_at=broken.reviewed_at,
        reviewed_by=broken.reviewed_by,
    )
