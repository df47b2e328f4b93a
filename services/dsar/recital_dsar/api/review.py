"""Routes of the review: items with their proposals, decisions on them, and the package that follows."""

from typing import Annotated
from uuid import UUID

from recital_identity import Permission
from recital_runtime import Caller, PageOf, Paging, Router, page_of, requires

from recital_dsar.actions.means import Means
from recital_dsar.actions.packaging import start_package
from recital_dsar.actions.reading import items_shown, overview
from recital_dsar.actions.review import Ruling, rule_on
from recital_dsar.api.shapes import (
    DecisionView,
    ItemCountsView,
    ItemFilter,
    ItemView,
    Label,
    NewDecision,
    RequestView,
    item_view,
    request_view,
)
from recital_dsar.decisions.items import Said
from recital_dsar.model import Decision
from recital_dsar.store.items import Selection


def review_routes(means: Means) -> Router:
    """Return the routes of items, decisions and the making of the package."""
    router = Router(prefix="/v1/requests/{request}", tags=["review"])

    @router.get("/items")
    async def list_items(
        request: UUID,
        caller: Annotated[Caller, requires(Permission.READ_REQUESTS)],
        page: Paging,
        kind: Label | None = None,
        *,
        undecided: bool = False,
        decision: Decision | None = None,
    ) -> PageOf[ItemView]:
        """List what was handed in, or what a filter finds of it, each with what is proposed and what was decided."""
        chosen = Selection(kind=kind, undecided=undecided, decided=decision)
        most = page.limit + 1
        found, shown = await items_shown(caller.tx, means.vault, request, after=page.after, most=most, chosen=chosen)
        return page_of([item_view(each, found.subjects or ()) for each in shown], page, lambda each: each.id)

    @router.post("/decisions")
    async def decide_items(
        request: UUID, body: NewDecision, caller: Annotated[Caller, requires(Permission.HANDLE_REQUESTS)]
    ) -> DecisionView:
        """Decide on named items, all, or those a filter finds: all of them or, where one cannot stand, none."""
        said = Said(
            decision=body.decision,
            mute=None if body.mute is None else tuple(body.mute),
            ground=body.ground,
            article=body.article,
            wording=body.wording,
        )
        ruling = Ruling(_selection(body), said, caller.principal.subject)
        decided, counts = await rule_on(caller.tx, means.vault, request, ruling)
        return DecisionView(
            decided=decided,
            items=ItemCountsView(total=counts.total, decided=counts.decided, given=counts.given),
        )

    @router.post("/package", status_code=202)
    async def make_package(
        request: UUID, caller: Annotated[Caller, requires(Permission.HANDLE_REQUESTS)]
    ) -> RequestView:
        """Begin the package; how far it is shows in the request. Asking again while it is made changes nothing."""
        await start_package(caller.tx, means.vault, request, by=caller.principal.subject)
        return request_view(await overview(caller.tx, request))

    return router


def _selection(body: NewDecision) -> Selection:
    if body.items is not None:
        return Selection(items=tuple(body.items))
    wanted = body.filter or ItemFilter()
    return Selection(
        kind=wanted.kind,
        service=wanted.service,
        held=wanted.held,
        undecided=wanted.undecided,
        decided=wanted.decision,
        since=wanted.since,
        until=wanted.until,
    )
