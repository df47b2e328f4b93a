"""Private marks that staff ask for, and the privacy officer who decides (R18)."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field
from recital_identity import Permission
from recital_runtime import (
    Caller,
    IdempotencyKey,
    Instant,
    Model,
    PageOf,
    Paging,
    Router,
    Text2000,
    page_of,
    requires,
)

from recital_consent.actions import asking, marking
from recital_consent.actions.means import Means
from recital_consent.api.shapes import When, canonical
from recital_consent.model.asking import AskState, PrivateAsk

OFFICER = Annotated[Caller, requires(Permission.DECIDE_PRIVATE_MARKS)]


class AskPrivate(Model):
    """What is to be private: the call, or the part from `started_at` to `ended_at` (or to the call's end)."""

    started_at: When | None = None
    ended_at: When | None = None


class DecideAsk(Model):
    """Whether it is granted, and why."""

    grant: bool
    reason: Text2000 = Field(min_length=1)


class MarksView(Model):
    """How often a member of staff marked calls private, or was granted a mark."""

    subject: UUID
    marks: int


class AskView(Model):
    """One ask; `asked_by` is the member of staff, as a subject."""

    id: UUID
    call: UUID
    asked_by: UUID
    asked_at: Instant
    started_at: Instant | None
    ended_at: Instant | None
    state: AskState
    decided_at: Instant | None
    reason: str | None


def asking_routes(means: Means) -> Router:
    """Return the routes for private marks that are asked for."""
    router = Router(prefix="/v1", tags=["private marks"])

    @router.post("/calls/{call_id}/private-asks", status_code=201)
    async def ask(
        call_id: UUID,
        body: AskPrivate,
        caller: Annotated[Caller, requires(Permission.WRITE_TIMELINE)],
        key: IdempotencyKey = None,
    ) -> AskView:
        """Ask for a private mark in one's own call, past the time for it: the call is silent until it is decided."""
        wanted = asking.Wanted(body.started_at, body.ended_at, canonical(body))
        return _view(await asking.ask_private(means, caller.tx, caller.principal, call_id, wanted, key))

    @router.get("/private-asks")
    async def list_asks(
        caller: OFFICER, page: Paging, state: Annotated[AskState | None, Query()] = None
    ) -> PageOf[AskView]:
        """List what was asked for, in the order it came."""
        found = await asking.list_asks(caller.tx, state=state, after=page.after, most=page.limit + 1)
        return page_of([_view(each) for each in found], page, lambda view: view.id)

    @router.post("/private-asks/{ask_id}/decision")
    async def decide(ask_id: UUID, body: DecideAsk, caller: OFFICER) -> AskView:
        """Grant it, and the call is marked private; or refuse it, and its permits stand again."""
        found = await asking.decide_ask(
            means, caller.tx, caller.principal, ask_id, grant=body.grant, reason=body.reason
        )
        return _view(found)

    @router.get("/private-marks")
    async def list_marks(
        caller: OFFICER, page: Paging, month: Annotated[str, Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
    ) -> PageOf[MarksView]:
        """List who of the staff marked calls private in a month (`2026-03`), and how often (R18)."""
        day = date.fromisoformat(f"{month}-01")
        found = await marking.list_marks(caller.tx, day, after=page.after, most=page.limit + 1)
        views = [MarksView(subject=subject, marks=marks) for subject, marks in found]
        return page_of(views, page, lambda view: view.subject)

    return router


def _view(ask: PrivateAsk) -> AskView:
    return AskView(
        id=ask.id,
        call=ask.call,
        asked_by=ask.asked_by,
        asked_at=ask.asked_at,
        started_at=ask.started_at,
        ended_at=ask.ended_at,
        state=ask.state,
        decided_at=ask.decided_at,
        reason=ask.reason,
    )
