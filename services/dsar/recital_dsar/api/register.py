"""Routes about all requests: the register with its figures, its export, and what stands at the head of letters."""

from datetime import date
from typing import Annotated

from fastapi import Query
from fastapi.responses import StreamingResponse
from recital_errors import Forbidden
from recital_identity import Permission, Principal
from recital_runtime import Caller, Model, Router, Text200, Text2000, authenticated, requires

from recital_dsar.actions.means import Means
from recital_dsar.actions.registering import as_csv, figures_of
from recital_dsar.actions.tenants import head_of_letters, set_letterhead
from recital_dsar.decisions.register import Figures

Since = Annotated[date, Query(description="The first day of receipt that counts.")]
Until = Annotated[date, Query(description="The day after the last one.")]


class FiguresView(Model):
    """Counts of requests; average days from receipt to answer."""

    received: int
    open: int
    met: int
    missed: int
    overdue: int
    extended: int
    refused: int
    average_days: float | None


class RegisterView(Model):
    """The figures of a time: of all requests, and by kind."""

    since: date
    until: date
    all: FiguresView
    by_kind: dict[str, FiguresView]


class Letterhead(Model):
    """What stands at the head and foot of every letter: the company's own name, address and contact."""

    name: Text200
    address: Text200 | None = None
    contact: Text2000 | None = None


def register_routes(means: Means) -> Router:
    """Return the routes of the register."""
    router = Router(prefix="/v1", tags=["register"])

    @router.get("/register")
    async def show_register(
        caller: Annotated[Caller, requires(Permission.READ_REQUESTS)], since: Since, until: Until
    ) -> RegisterView:
        """Show how requests received in [since, until) were answered."""
        all_of_them, by_kind = await figures_of(caller.tx, since=since, until=until)
        return RegisterView(
            since=since,
            until=until,
            all=_figures(all_of_them),
            by_kind={kind: _figures(each) for kind, each in by_kind.items()},
        )

    @router.get(
        "/register.csv",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    )
    async def export_register(
        principal: Annotated[Principal, authenticated(Permission.READ_REQUESTS)], since: Since, until: Until
    ) -> StreamingResponse:
        """Export the register's rows; no cell is a formula."""
        if principal.tenant is None:
            raise Forbidden("tenant_missing", "This token is of no tenant.")
        headers = {
            "Content-Disposition": 'attachment; filename="requests.csv"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        lines = as_csv(means, principal.tenant, since=since, until=until)
        return StreamingResponse(lines, media_type="text/csv", headers=headers)

    @router.get("/letterhead")
    async def show_letterhead(caller: Annotated[Caller, requires(Permission.READ_REQUESTS)]) -> Letterhead | None:
        """Show what stands at the head of letters; null where nothing was stated."""
        head = await head_of_letters(caller.tx)
        return Letterhead.model_validate(head) if head else None

    @router.put("/letterhead")
    async def change_letterhead(
        body: Letterhead, caller: Annotated[Caller, requires(Permission.HANDLE_REQUESTS)]
    ) -> Letterhead:
        """State what stands at the head of letters written from now on."""
        await set_letterhead(caller.tx, body.model_dump(exclude_none=True))
        return body

    return router


def _figures(each: Figures) -> FiguresView:
    return FiguresView(
        received=each.received,
        open=each.open,
        met=each.met,
        missed=each.missed,
        overdue=each.overdue,
        extended=each.extended,
        refused=each.refused,
        average_days=each.average_days,
    )
