"""Providers' lists of calls (CDR): sent as CSV or JSON lines, taken in as they come, and reported on."""

import codecs
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from recital_errors import Forbidden, Malformed, TooLarge, UnsupportedMedia
from recital_identity import Permission, Principal
from recital_runtime import Caller, Instant, Model, PageOf, Paging, Router, authenticated, page_of, requires
from starlette.requests import ClientDisconnect

from recital_consent.actions import cdr
from recital_consent.actions.means import Means
from recital_consent.decisions.cdr import LONGEST_LINE
from recital_consent.model.cdr import CdrImport, LineState

CSV, JSON_LINES = "text/csv", ("application/x-ndjson", "application/jsonl")
BODY = {"required": True, "content": {each: {"schema": {"type": "string"}} for each in (CSV, *JSON_LINES)}}
READER = Annotated[Caller, requires(Permission.READ_CALLS)]


class ImportView(Model):
    """An import: how far it has come, and its lines per state as they stand now. `ended`: calls that it ended."""

    id: UUID
    started_at: Instant
    finished_at: Instant | None
    failed_code: str | None
    lines: int
    counts: dict[LineState, int]
    ended: int


class LineView(Model):
    """A line of the report, by its number in what was sent."""

    line: int
    state: LineState
    call: UUID | None
    problem: str | None


class ReportView(Model):
    """A page of the report; `next_after` is what to send as `after` for the next one."""

    lines: list[LineView]
    next_after: int | None


def cdr_routes(means: Means) -> Router:
    """Return the routes for providers' lists."""
    router = Router(prefix="/v1/cdr-imports", tags=["completeness"])

    @router.post("", status_code=201, openapi_extra={"requestBody": BODY})
    async def import_list(
        request: Request, principal: Annotated[Principal, authenticated(Permission.REGISTER_CALLS)]
    ) -> ImportView:
        """Take in a list with `external_id` and, if it can, `ended_at`, or `answered_at` and `duration_seconds`.

        It is read as it comes, however long it is; meanwhile it is in the list of imports, with how far it has come.
        """
        if principal.tenant is None:
            raise Forbidden("tenant_missing", "This token is of no tenant.")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in (CSV, *JSON_LINES):
            raise UnsupportedMedia("media_type_unsupported", f"Send {CSV} or {JSON_LINES[0]}.")
        tenant = principal.tenant
        import_id = await cdr.begin_import(means, tenant)
        try:
            await cdr.take_lines(means, principal, tenant, import_id, _lines(request), is_csv=kind == CSV)
        except (ClientDisconnect, Malformed, TooLarge):
            await cdr.break_off(means, tenant, import_id)
            raise
        async with means.database.transaction(tenant) as tx:
            return _view(await cdr.read_import(tx, import_id))

    @router.get("")
    async def list_imports(caller: READER, page: Paging) -> PageOf[ImportView]:
        """List imports, also those that are coming in."""
        found = await cdr.list_imports(caller.tx, after=page.after, most=page.limit + 1)
        return page_of([_view(each) for each in found], page, lambda view: view.id)

    @router.get("/{import_id}")
    async def read_import(import_id: UUID, caller: READER) -> ImportView:
        """Return how far an import has come, and how its calls stand now."""
        return _view(await cdr.read_import(caller.tx, import_id))

    @router.get("/{import_id}/lines")
    async def report(
        import_id: UUID,
        caller: READER,
        state: Annotated[list[LineState] | None, Query(max_length=9)] = None,
        after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> ReportView:
        """List the lines of an import as they stand now, all of them or those of some states."""
        found = await cdr.report(caller.tx, import_id, states=state or [], after=after, most=limit + 1)
        shown = [
            LineView(line=each.line, state=each.state, call=each.call, problem=each.problem) for each in found[:limit]
        ]
        return ReportView(lines=shown, next_after=shown[-1].line if len(found) > limit else None)

    return router


async def _lines(request: Request) -> AsyncIterator[str]:
    """Give a body line by line, never more of it in memory than one line and one piece."""
    decode = codecs.getincrementaldecoder("utf-8")()
    rest = ""
    async for piece in request.stream():
        try:
            rest += decode.decode(piece)
        except UnicodeDecodeError:
            raise Malformed("request_malformed", "The list is not in UTF-8.") from None
        *whole, rest = rest.split("\n")
        for line in whole:
            yield line.rstrip("\r")
        if len(rest) > LONGEST_LINE:
            raise TooLarge("line_too_long", f"A line of the list has more than {LONGEST_LINE} characters.")
    if rest:
        yield rest


def _view(found: CdrImport) -> ImportView:
    return ImportView(
        id=found.id,
        started_at=found.started_at,
        finished_at=found.finished_at,
        failed_code=found.failed_code,
        lines=found.lines,
        counts=dict(found.counts),
        ended=found.ended,
    )
