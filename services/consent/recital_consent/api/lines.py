"""Lines that are never recorded (R18), and how many calls with them were denied."""

from datetime import date, timedelta
from typing import Annotated, Self
from uuid import UUID

from fastapi import Query
from pydantic import Field, model_validator
from recital_identity import Permission
from recital_runtime import Caller, Instant, Model, PageOf, Paging, Router, Text200, page_of, requires

from recital_consent.actions import lines
from recital_consent.actions.means import Means
from recital_consent.model.tenants import Line, LineKind

MANAGES = Annotated[Caller, requires(Permission.MANAGE_SOURCES)]
READS = Annotated[Caller, requires(Permission.READ_SETTINGS)]


class LineBody(Model):
    """A number as dialled, or an extension of the exchange; the label is the tenant's word for it."""

    number: Text200 | None = None
    extension: Text200 | None = None
    label: Text200 | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.number is None) == (self.extension is None):
            raise ValueError("either a number or an extension")
        return self


class LeaveAlone(Model):
    """Lines that are never recorded."""

    lines: list[LineBody] = Field(min_length=1, max_length=1_000)


class LineView(Model):
    """A line that is never recorded; what it is dialled by is not shown again."""

    id: UUID
    kind: LineKind
    label: str | None
    added_at: Instant


class LinesView(Model):
    """The lines that were set."""

    lines: list[LineView]


class DeniedDay(Model):
    """How many calls were denied on a local day because of their lines. Nothing else is kept of them."""

    day: date
    calls: int


class DeniedView(Model):
    """The days on which there were any."""

    days: list[DeniedDay]


def line_routes(means: Means) -> Router:
    """Return the routes for lines that are never recorded."""
    router = Router(prefix="/v1/sources/{source}", tags=["sources"])

    @router.post("/unrecorded-lines", status_code=201)
    async def leave_alone(source: UUID, body: LeaveAlone, caller: MANAGES) -> LinesView:
        """Let lines never be recorded; setting one twice is harmless."""
        wanted = [lines.NewLine(each.number, each.extension, each.label) for each in body.lines]
        return LinesView(lines=[_view(each) for each in await lines.leave_alone(means, caller.tx, source, wanted)])

    @router.get("/unrecorded-lines")
    async def list_lines(source: UUID, caller: READS, page: Paging) -> PageOf[LineView]:
        """List the lines of a source that are never recorded."""
        found = await lines.list_lines(caller.tx, source, after=page.after, most=page.limit + 1)
        return page_of([_view(each) for each in found], page, lambda view: view.id)

    @router.delete("/unrecorded-lines/{line}", status_code=204)
    async def record_again(source: UUID, line: UUID, caller: MANAGES) -> None:
        """Let a line be recorded again."""
        await lines.record_again(caller.tx, source, line)

    @router.get("/denied-calls")
    async def denied_calls(
        source: UUID,
        caller: READS,
        since: Annotated[date | None, Query()] = None,
        until: Annotated[date | None, Query()] = None,
    ) -> DeniedView:
        """Count the calls that were denied per local day, of the last 31 days unless others are asked for."""
        last = until or caller.tx.now.date() + timedelta(days=1)
        first = since or last - timedelta(days=31)
        found = await lines.denied_days(caller.tx, source, since=first, until=last)
        return DeniedView(days=[DeniedDay(day=day, calls=calls) for day, calls in found])

    return router


def _view(line: Line) -> LineView:
    return LineView(id=line.id, kind=line.kind, label=line.label, added_at=line.added_at)
