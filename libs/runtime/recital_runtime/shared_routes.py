"""The routes that every service serves: alive, ready, measured; its public keys, ledgers, alarms and inbox."""

import base64
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from recital_database import Alarm, acknowledge, alarms
from recital_database.inbox import received_by_hour
from recital_database.journal import Sequenced, consistency, entries, latest_checkpoint, receipt
from recital_errors import NotFound
from recital_identity import Permission
from recital_ledger import instant

from recital_runtime.access import Caller, Operator, Router, open_route, requires, runtime_of, serves_service
from recital_runtime.shapes import Instant, Model, Page, PageOf, Paging, Text2000, page_of, rfc3339


class AlarmView(Model):
    """One alarm; `about` is the id of what it concerns."""

    id: UUID
    kind: str
    about: UUID
    detail: str
    raised_at: Instant
    acknowledged_at: Instant | None
    acknowledged_because: str | None


class Acknowledgement(Model):
    """Why an alarm needs no more looking at."""

    reason: Text2000


class EntryView(Model):
    """A ledger entry in its place: `facts` are ids; `commitment` is SHA-256 over a salt and what the entry is about.

    Without `position` it is what was hashed: `at` is in the one spelling of the leaf.
    """

    id: UUID
    position: int
    kind: str
    at: str
    facts: dict[str, Any]
    commitment: str


class CheckpointView(Model):
    """The newest signed tree head (C2SP tlog-checkpoint); None while the log is empty."""

    log: str
    checkpoint: str | None


class ReceiptView(Model):
    """Proof that an entry is in the log (RFC 9162 2.1.3): audit path in base64, under the signed checkpoint."""

    entry: EntryView
    size: int
    checkpoint: str
    proof: list[str]


class ConsistencyView(Model):
    """Proof that the log of size `new` continues that of size `old` (RFC 9162 2.1.4), in base64."""

    old: int
    new: int
    proof: list[str]


def health_routes() -> Router:
    """Return /livez, /readyz, /metrics and the public keys: open, since they show nothing of anyone, and at once.

    A service that waits for its database, or applies what the control ledger has, is alive and not ready.
    """
    router = Router(tags=["health"])

    @router.get("/livez", dependencies=[open_route("shows only that the process runs", while_starting=True)])
    async def alive(request: Request) -> JSONResponse:
        """Answer as long as the process runs, with Recital's time as it knows it."""
        runtime = runtime_of(request)
        clock = runtime.database.clock
        return JSONResponse(
            {"status": "alive", "now": rfc3339(clock.now()) if clock.was_read else None, "version": runtime.version}
        )

    @router.get("/readyz", dependencies=[open_route("shows only which parts answer", while_starting=True)])
    async def ready(request: Request) -> JSONResponse:
        """Answer 200 `ready` or `degraded` (the bus is down: nothing is lost), or 503 `unready`, with each part."""
        state = await runtime_of(request).readiness()
        return JSONResponse(state, status_code=503 if state["status"] == "unready" else 200)

    @router.get(
        "/metrics", dependencies=[open_route("shows counts without labels that name anyone", while_starting=True)]
    )
    async def metrics(request: Request) -> Response:
        """Answer in the Prometheus text format."""
        return Response(generate_latest(runtime_of(request).metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @router.get("/.well-known/jwks.json", dependencies=[open_route("public keys", while_starting=True)])
    async def keys(request: Request) -> JSONResponse:
        """Answer the public keys by use, retired ones included."""
        return JSONResponse(runtime_of(request).signing.keys().jwks(), headers={"Cache-Control": "max-age=60"})

    return router


def alarm_routes() -> Router:
    """Return the routes of alarms."""
    router = Router(prefix="/v1/alarms", tags=["alarms"])

    @router.get("")
    async def list_alarms(
        caller: Annotated[Caller, requires(Permission.READ_ALARMS)],
        page: Paging,
        acknowledged: Annotated[bool, Query()] = False,  # noqa: FBT002 - a query parameter
    ) -> PageOf[AlarmView]:
        """List open alarms in the order they were raised; `acknowledged=true` lists all."""
        found = await alarms(caller.tx, after=page.after, most=page.limit + 1, all_of_them=acknowledged)
        return page_of([_alarm(each) for each in found], page, lambda each: each.id)

    @router.post("/{alarm}/acknowledge")
    async def acknowledge_alarm(
        alarm: UUID, body: Acknowledgement, caller: Annotated[Caller, requires(Permission.ACKNOWLEDGE_ALARMS)]
    ) -> AlarmView:
        """Take an alarm off the list, with a reason."""
        return _alarm(await acknowledge(caller.tx, alarm, body.reason))

    return router


def ledger_routes(logs: tuple[str, ...]) -> Router:
    """Return the routes of a service's ledgers."""
    router = Router(prefix="/v1/ledgers", tags=["ledgers"])
    reads = requires(Permission.READ_LEDGERS)

    def known(log: str) -> str:
        if log not in logs:
            raise NotFound
        return log

    @router.get("")
    async def list_ledgers(caller: Annotated[Caller, reads]) -> PageOf[CheckpointView]:
        """List this service's ledgers, each with its newest checkpoint."""
        found = [CheckpointView(log=log, checkpoint=await latest_checkpoint(caller.tx, log)) for log in logs]
        return PageOf(items=found)

    @router.get("/{log}/checkpoint")
    async def checkpoint(log: str, caller: Annotated[Caller, reads]) -> CheckpointView:
        """Give the newest signed checkpoint of a ledger."""
        return CheckpointView(log=log, checkpoint=await latest_checkpoint(caller.tx, known(log)))

    @router.get("/{log}/entries")
    async def list_entries(
        log: str,
        caller: Annotated[Caller, reads],
        start: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> PageOf[EntryView]:
        """List entries from position `start` on; an outsider rebuilds the tree from them."""
        return PageOf(
            items=[entry_view(each) for each in await entries(caller.tx, known(log), start=start, most=limit)]
        )

    @router.get("/{log}/entries/{entry}/receipt", responses={202: {"description": "Not sequenced yet; ask again."}})
    async def entry_receipt(
        log: str, entry: UUID, response: Response, caller: Annotated[Caller, reads]
    ) -> ReceiptView | None:
        """Give an entry's inclusion proof, or 202 while it waits for its position (a second at most)."""
        found = await receipt(caller.tx, known(log), entry)
        if found is None:
            response.status_code = 202
            return None
        view = entry_view(Sequenced(found.entry, found.position))
        return ReceiptView(entry=view, size=found.size, checkpoint=found.checkpoint, proof=_base64(found.proof))

    @router.get("/{log}/consistency")
    async def prove_consistency(
        log: str,
        caller: Annotated[Caller, reads],
        old: Annotated[int, Query(ge=0)],
        new: Annotated[int, Query(ge=0)],
    ) -> ConsistencyView:
        """Prove that the log only grew between two sizes."""
        return ConsistencyView(
            old=old, new=new, proof=_base64(await consistency(caller.tx, known(log), old=old, new=new))
        )

    return router


def internal_routes() -> Router:
    """Return what services ask of each other, with service tokens only."""
    router = Router(prefix="/internal/v1", tags=["internal"])

    @router.get("/inbox")
    async def inbox(producer: str, since: Instant, operator: Annotated[Operator, serves_service()]) -> dict[str, Any]:
        """Tell a producer what has arrived: count and hash per event name and hour."""
        return {"hours": await received_by_hour(await operator.look(), producer, since)}

    return router


def _alarm(alarm: Alarm) -> AlarmView:
    return AlarmView(
        id=alarm.id,
        kind=alarm.kind,
        about=alarm.about,
        detail=alarm.detail,
        raised_at=alarm.raised_at,
        acknowledged_at=alarm.acknowledged_at,
        acknowledged_because=alarm.acknowledged_because,
    )


def entry_view(found: Sequenced) -> EntryView:
    """Return an entry as it is shown."""
    entry = found.entry
    return EntryView(
        id=entry.id,
        position=found.position,
        kind=entry.kind,
        at=instant(entry.at),
        facts=dict(entry.facts),
        commitment=entry.commitment,
    )


def _base64(hashes: list[bytes]) -> list[str]:
    return [base64.b64encode(each).decode() for each in hashes]


__all__ = ["Page", "alarm_routes", "entry_view", "health_routes", "internal_routes", "ledger_routes"]
