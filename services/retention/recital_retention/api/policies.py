"""What will be erased and when, over HTTP: the schedule, previews of policies, and what waits for a second person."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import Query
from pydantic import model_validator
from recital_events import HoldingKind
from recital_identity import Permission
from recital_runtime import (
    Caller,
    Instant,
    Model,
    PageOf,
    Paging,
    Router,
    Text200,
    Text2000,
    page_of,
    requires,
)

from recital_retention.actions import approving, forecasting
from recital_retention.store.pace import WaitingPart


class Policy(Model):
    """A policy that is thought of: how long a purpose keeps, or how long a kind is kept; nothing: as things are."""

    purpose: Text200 | None = None
    kind: Literal["call", "request", "package"] | None = None
    retention: Text200 | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        about = (self.purpose is not None) + (self.kind is not None)
        if about != (self.retention is not None):
            raise ValueError("a retention goes with one purpose or one kind")
        return self


class CountView(Model):
    """How many holdings of a kind end for a reason; those with `kept_by` are kept, the others are erased."""

    kind: HoldingKind
    because: str
    kept_by: list[str]
    holdings: int


class ForeseenView(Model):
    """A holding that will be erased, and why; `ends_at` is absent where it only follows others."""

    id: UUID
    kind: HoldingKind
    because: str
    ends_at: Instant | None


class PreviewView(Model):
    """What would be erased by the end of the run that goes on or comes next, and why; nothing is changed by asking.

    `erased` counts all of it, `items` is a page of it. Where `moved` is more than `most`, that part alone would wait
    for a second person. A longer retention moves nothing that exists.
    """

    until: Instant
    erased: int
    counts: list[CountView]
    clocks_moved: int
    moved: int
    most: int
    second_person_needed: bool
    items: list[ForeseenView]
    next_cursor: str | None


class DueView(Model):
    """What ends on a local day: clocks under a purpose and the holdings whose last one that is, or other holdings."""

    day: date
    kind: HoldingKind
    purpose: str | None
    clocks: int
    holdings: int


class ScheduleView(Model):
    """What is due when, by the tenant's days. An identity ends with the last holding that needs it: it has no day."""

    days: list[DueView]


class WaitingView(Model):
    """What waits for a second person: more than `most` holdings whose end was moved were due in one run."""

    id: UUID
    found_at: Instant
    age_seconds: int
    most: int
    waiting: int
    goes_at: Instant | None
    proposed_at: Instant | None
    proposed_by: str | None
    proposed_because: str | None
    approved_at: Instant | None
    approved_by: str | None
    approved_because: str | None
    closed_at: Instant | None


class WaitingHoldingView(Model):
    """A holding that waits."""

    id: UUID
    kind: str


class Because(Model):
    """Why a part is let go."""

    reason: Text2000


def policy_routes() -> Router:
    """Return the routes of previews and of the schedule."""
    router = Router(prefix="/v1", tags=["policies"])

    @router.post("/policy-previews")
    async def preview_policy(
        body: Policy, caller: Annotated[Caller, requires(Permission.PREVIEW_POLICIES)], page: Paging
    ) -> PreviewView:
        """Tell what would be erased tonight under a policy, and why, with exact counts; nothing is changed."""
        thought = await forecasting.thought_of(
            caller.tx, purpose=body.purpose, kind=body.kind, retention=body.retention
        )
        found = await forecasting.forecast(caller.tx, thought)
        rows = await forecasting.page(caller.tx, thought, after=page.after, most=page.limit + 1)
        items = [ForeseenView(id=e.id, kind=e.kind, because=e.because, ends_at=e.ends_at) for e in rows]
        shown = page_of(items, page, lambda each: each.id)
        return PreviewView(
            until=found.until,
            erased=sum(each.holdings for each in found.counted if not each.kept_by),
            counts=[
                CountView(kind=e.kind, because=e.because, kept_by=list(e.kept_by), holdings=e.holdings)
                for e in found.counted
            ],
            clocks_moved=found.clocks_moved,
            moved=found.moved,
            most=found.most,
            second_person_needed=found.moved > found.most,
            items=list(shown.items),
            next_cursor=shown.next_cursor,
        )

    @router.get("/schedule")
    async def read_schedule(
        caller: Annotated[Caller, requires(Permission.READ_HOLDINGS)],
        first: date,
        last: date,
        kind: Annotated[HoldingKind | None, Query()] = None,
        purpose: Annotated[str | None, Query(max_length=200)] = None,
    ) -> ScheduleView:
        """Tell what is due on each day from `first` to `last`, both included, by kind and purpose."""
        found = await forecasting.due_by_day(caller.tx, first, last)
        wanted = [e for e in found if kind in (None, e.kind) and purpose in (None, e.purpose)]
        return ScheduleView(
            days=[
                DueView(day=e.day, kind=e.kind, purpose=e.purpose, clocks=e.clocks, holdings=e.holdings) for e in wanted
            ]
        )

    return router


def waiting_routes() -> Router:
    """Return the routes of what waits for a second person."""
    router = Router(prefix="/v1/waiting-erasures", tags=["policies"])

    @router.get("")
    async def list_waiting(
        caller: Annotated[Caller, requires(Permission.READ_HOLDINGS)],
        page: Paging,
        closed: Annotated[bool, Query()] = False,  # noqa: FBT002 - a query parameter
    ) -> PageOf[WaitingView]:
        """List what waits, oldest first; `closed=true` lists all."""
        found = await approving.list_parts(caller.tx, after=page.after, most=page.limit + 1, closed=closed)
        return page_of([_waiting(each, caller) for each in found], page, lambda each: each.id)

    @router.get("/{part}")
    async def read_waiting(part: UUID, caller: Annotated[Caller, requires(Permission.READ_HOLDINGS)]) -> WaitingView:
        """Show one part that waits, or did."""
        return _waiting(await approving.read_part(caller.tx, part), caller)

    @router.get("/{part}/holdings")
    async def list_waiting_holdings(
        part: UUID, caller: Annotated[Caller, requires(Permission.READ_HOLDINGS)], page: Paging
    ) -> PageOf[WaitingHoldingView]:
        """List exactly what waits in a part."""
        found = await approving.waiting_in(caller.tx, part, after=page.after, most=page.limit + 1)
        return page_of([WaitingHoldingView(id=id_, kind=kind) for id_, kind in found], page, lambda each: each.id)

    @router.post("/{part}/propose")
    async def propose(
        part: UUID, body: Because, caller: Annotated[Caller, requires(Permission.APPROVE_ERASURES)]
    ) -> WaitingView:
        """Propose to let a part go: from now on it takes in nothing more. Another officer approves it."""
        by = caller.principal.subject
        return _waiting(await approving.propose(caller.tx, part, by=by, because=body.reason), caller)

    @router.post("/{part}/approve")
    async def approve(
        part: UUID, body: Because, caller: Annotated[Caller, requires(Permission.APPROVE_ERASURES)]
    ) -> WaitingView:
        """Let a part go that another officer proposed; 403 `second_person_needed` for whoever proposed it."""
        by = caller.principal.subject
        return _waiting(await approving.approve(caller.tx, part, by=by, because=body.reason), caller)

    return router


def _waiting(part: WaitingPart, caller: Caller) -> WaitingView:
    until = part.closed_at or caller.tx.now
    shown = {name: getattr(part, name) for name in WaitingPart.__dataclass_fields__}
    return WaitingView(**shown, age_seconds=int((until - part.found_at).total_seconds()))
