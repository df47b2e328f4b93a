"""Routes of requests: intake by officer or portal, the check of identity, and the work list."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from recital_errors import Forbidden
from recital_identity import Permission, Principal, Role
from recital_runtime import (
    Caller,
    IdempotencyKey,
    PageOf,
    Paging,
    Router,
    authenticated,
    page_of,
    requires,
)

from recital_dsar.actions.identity import Check, IdentityOutcome, settle_identity
from recital_dsar.actions.intake import Asked, receive, receive_many
from recital_dsar.actions.means import Means
from recital_dsar.actions.reading import overview, work_list
from recital_dsar.api.shapes import (
    IdentityCheck,
    IdentityView,
    ManyRequests,
    NewRequest,
    Receipt,
    RequestView,
    identity_view,
    receipt,
    request_view,
)
from recital_dsar.model import State


def request_routes(means: Means) -> Router:
    """Return the routes of intake, identity and the work list."""
    router = Router(prefix="/v1/requests", tags=["requests"])

    @router.post("", status_code=201)
    async def receive_request(
        body: NewRequest,
        principal: Annotated[Principal, authenticated(Permission.RECEIVE_REQUESTS)],
        key: IdempotencyKey = None,
    ) -> Receipt:
        """Take a person's request in. What it is about is found and kept from erasure at once, or `pending`."""
        return receipt(await receive(means, _tenant_of(principal), _asked(body, principal), key))

    @router.post("/bulk", status_code=201)
    async def receive_requests(
        body: ManyRequests,
        principal: Annotated[Principal, authenticated(Permission.HANDLE_REQUESTS)],
        key: IdempotencyKey = None,
    ) -> list[Receipt]:
        """Take requests in that came together, all or none; what each is about is found and kept in the background."""
        asked = [_asked(each, principal) for each in body.requests]
        return [receipt(each) for each in await receive_many(means, _tenant_of(principal), asked, key)]

    @router.get("")
    async def list_requests(
        caller: Annotated[Caller, requires(Permission.READ_REQUESTS)],
        page: Paging,
        sort: Annotated[Literal["days_left", "received"], Query()] = "received",
        state: State | None = None,
    ) -> PageOf[RequestView]:
        """List requests in the order they came, or open ones with the fewest days left first (`sort=days_left`)."""
        found = await work_list(
            caller.tx, after=page.after, most=page.limit + 1, state=state, by_due_date=sort == "days_left"
        )
        return page_of([request_view(each) for each in found], page, lambda each: each.id)

    @router.get("/{request}")
    async def show_request(request: UUID, caller: Annotated[Caller, requires(Permission.READ_REQUESTS)]) -> RequestView:
        """Show a request: its dates, parts, items, package, next step and what blocks it."""
        return request_view(await overview(caller.tx, request))

    @router.post("/{request}/identity")
    async def check_identity(
        request: UUID, body: IdentityCheck, caller: Annotated[Caller, requires(Permission.HANDLE_REQUESTS)]
    ) -> IdentityView:
        """Note a check of documents. Confirmed: the collection begins, and `code` is to be handed over, shown once.

        Confirming again makes another code; the one before opens nothing any more.
        """
        check = Check(IdentityOutcome(body.outcome), body.note, caller.principal.subject)
        _, code = await settle_identity(means, caller.tx, request, check)
        return identity_view(await overview(caller.tx, request), code)

    return router


def _tenant_of(principal: Principal) -> UUID:
    if principal.tenant is None:
        raise Forbidden("tenant_missing", "This token is of no tenant.")
    return principal.tenant


def _asked(body: NewRequest, principal: Principal) -> Asked:
    return Asked(
        kind=body.kind,
        identifiers=tuple((each.kind, each.value) for each in body.identifiers),
        channel={"kind": body.channel.kind, "address": body.channel.address},
        language=body.language,
        received_on=body.received_on,
        note=body.note,
        by=principal.subject,
        by_portal=Role.PRIVACY_OFFICER not in principal.roles,
    )
