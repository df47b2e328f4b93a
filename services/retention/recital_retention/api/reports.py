"""Reports over HTTP: the retention register (AVG art. 30), erasures by month, holds, what is overdue, how it goes."""

from datetime import date
from typing import Annotated
from uuid import UUID

from recital_events import HoldingKind
from recital_identity import Permission
from recital_runtime import Caller, Instant, Model, Operator, PageOf, Paging, Router, operates, page_of, requires

from recital_retention.actions import reporting
from recital_retention.model import CalendarDuration
from recital_retention.store import reports


class RegisterLineView(Model):
    """One version of a purpose: its basis, how long it keeps, and the recordings that were told it."""

    purpose: UUID
    key: str
    version: int
    basis: str
    retention: str
    in_force_from: Instant
    retired_at: Instant | None
    recordings: int
    next_due_at: Instant | None
    last_due_at: Instant | None


class KindView(Model):
    """A kind of holding: how long it is kept, in words, and how many exist."""

    kind: str
    kept: str
    holdings: int


class RegisterView(Model):
    """The retention register, for the record of processing (AVG art. 30(1)(f))."""

    at: Instant
    purposes: list[RegisterLineView]
    kinds: list[KindView]


class ErasedView(Model):
    """How many holdings of a kind were certified erased in a month (its first day), on a ground."""

    month: date
    kind: HoldingKind
    ground: str
    holdings: int


class ErasuresView(Model):
    """Erasures by month."""

    months: list[ErasedView]


class OverdueView(Model):
    """A holding that should have been ordered by now: there should be none."""

    id: UUID
    kind: HoldingKind
    due_at: Instant


class ProgressView(Model):
    """How the erasing goes: `done` in this run, `left` (due or ordered), what waits, the rate, and the expected end."""

    run: date | None
    began_at: Instant | None
    ordered: int
    done: int
    left: int
    waiting: int
    per_second: float
    expected_end: Instant | None


class TenantProgressView(Model):
    """How many holdings of a tenant are due, and how many orders are open since when."""

    tenant: UUID
    due: int
    open_orders: int
    oldest_at: Instant | None


class AllProgressView(Model):
    """How the erasing goes for every tenant: counts only."""

    tenants: list[TenantProgressView]


_KEPT = {
    "recording": "as long as its purposes say, from the call's end",
    "call": "as its last recording; P1M after the later of its end and its registration where it has none",
    "identity": "as long as a holding needs it; of staff until it is announced to end",
    "request": "P2Y after the request is closed",
    "package": "P30D",
    "collection": "until the request is closed",
    "bundle": "as its owner announces, at most as long as what it holds",
}


def report_routes() -> Router:
    """Return the routes of reports."""
    router = Router(prefix="/v1/reports", tags=["reports"])
    reads = requires(Permission.READ_HOLDINGS)

    @router.get("/register")
    async def read_register(caller: Annotated[Caller, reads]) -> RegisterView:
        """Give the retention register per purpose and kind."""
        found = await reporting.register(caller.tx)
        lines = [RegisterLineView(**_fields(each)) for each in found.lines]
        own = {kind: f"set by the tenant: {_written(duration)}" for kind, duration in found.kept.items()}
        kinds = [
            KindView(kind=kind, kept=own.get(kind, kept), holdings=found.living.get(kind, 0))
            for kind, kept in _KEPT.items()
        ]
        return RegisterView(at=caller.tx.now, purposes=lines, kinds=kinds)

    @router.get("/erasures")
    async def read_erasures(caller: Annotated[Caller, reads], first: date, last: date) -> ErasuresView:
        """Count what was certified erased from `first` to `last`, both included, by month, kind and ground."""
        found = await reporting.erasures(caller.tx, first, last)
        return ErasuresView(months=[ErasedView(**_fields(each)) for each in found])

    @router.get("/overdue")
    async def list_overdue(caller: Annotated[Caller, reads], page: Paging) -> PageOf[OverdueView]:
        """List what should have been ordered by now and was not: empty, or something is wrong."""
        found = await reporting.overdue(caller.tx, after=page.after, most=page.limit + 1)
        return page_of([OverdueView(**_fields(each)) for each in found], page, lambda each: each.id)

    @router.get("/progress")
    async def read_progress(caller: Annotated[Caller, reads]) -> ProgressView:
        """Tell how the erasing goes in the run that goes on, or in the last."""
        found = await reporting.progress(caller.tx)
        seen = found.progress
        return ProgressView(
            run=seen.run,
            began_at=seen.began_at,
            ordered=seen.ordered,
            done=seen.done,
            left=seen.due + seen.open_orders,
            waiting=seen.waiting,
            per_second=round(found.per_second, 3),
            expected_end=found.expected_end,
        )

    @router.get("/progress/tenants")
    async def read_progress_of_all(operator: Annotated[Operator, operates(Permission.READ_HEALTH)]) -> AllProgressView:
        """Tell the operator how the erasing goes for every tenant: counts and ages only."""
        found = await reports.progress_of_all(await operator.look())
        names = ("tenant", "due", "open_orders", "oldest_at")
        return AllProgressView(
            tenants=[TenantProgressView(**{name: getattr(row, name) for name in names}) for row in found]
        )

    return router


def _fields(row: object) -> dict[str, object]:
    return {name: getattr(row, name) for name in getattr(row, "__dataclass_fields__", ())}


def _written(duration: CalendarDuration) -> str:
    parts = (("M", duration.months), ("D", duration.days))
    days = "".join(f"{number}{unit}" for unit, number in parts if number)
    return f"P{days}" + (f"T{duration.seconds}S" if duration.seconds else "")
