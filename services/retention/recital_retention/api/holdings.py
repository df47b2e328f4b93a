"""The register over HTTP: clocks before someone listens, holdings, open orders, certificates."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from recital_events import HoldingKind
from recital_identity import Permission, TokenKind
from recital_runtime import Caller, Instant, Model, PageOf, Paging, Router, page_of, requires, requires_or_order

from recital_retention.actions import reading
from recital_retention.model import Clock, Holding, HoldingState, Order, PlaceProof
from recital_retention.store.orders import OpenOrder
from recital_retention.store.reading import HoldingFilter


class ClockView(Model):
    """How long a recording is kept under one purpose; once `expired` it may not be heard under it."""

    purpose: UUID
    key: str
    version: int
    due_at: Instant
    expired: bool


class RecordingClocksView(Model):
    """What counts before someone listens: no grant may outlive `earliest_due_at` of its purposes."""

    recording: UUID
    clocks: list[ClockView]
    restricted: bool
    held: bool
    earliest_due_at: Instant | None


class HoldingView(Model):
    """A holding; `kept_by` names what keeps it beyond its time (`held`, `request_open`)."""

    id: UUID
    kind: HoldingKind
    state: HoldingState
    registered_at: Instant
    due_at: Instant | None
    kept_by: list[str]
    ends_with: UUID | None
    deletion_began_at: Instant | None
    erased_at: Instant | None
    certificate: UUID | None


class PlaceView(Model):
    """Where a holding lies: `absent_at` once it was found empty, `stuck_since` while it could not be."""

    kind: str
    id: str
    method: str | None
    absent_at: Instant | None
    stuck_since: Instant | None
    stuck_cause: str | None


class OrderView(Model):
    """An erasure order, from the point of no return to its certificate."""

    id: UUID
    holding: UUID
    kind: HoldingKind
    ground: str
    state: str
    deletion_began_at: Instant
    ordered_at: Instant | None
    verified_at: Instant | None
    control_sequence: int


class OpenOrderView(OrderView):
    """An order that is not certified: how old it is, and what stands in its way."""

    age_seconds: int
    places: int
    places_proved: int
    stuck_since: Instant | None
    stuck_cause: str | None


class WholeHoldingView(HoldingView):
    """A holding with its places, clocks and orders."""

    places: list[PlaceView]
    clocks: list[ClockView]
    orders: list[OrderView]


class CertificateView(Model):
    """A signed certificate (compact JWS, EdDSA, key at /.well-known/jwks.json), what it says, and its ledger entry."""

    certificate: str
    claims: dict[str, Any]
    ledger_entry: UUID


def holding_routes() -> Router:
    """Return the routes of the register."""
    router = Router(prefix="/v1", tags=["holdings"])

    @router.get("/recordings/{recording}/clocks")
    async def recording_clocks(
        recording: UUID, caller: Annotated[Caller, requires_or_order(Permission.READ_CLOCKS, "render")]
    ) -> RecordingClocksView:
        """Tell what counts before someone listens; 410 once its destruction has begun."""
        ordered = caller.principal.kind is TokenKind.ORDER
        subjects = caller.principal.subjects if ordered else None
        return _clocks(await reading.recording_clocks(caller.tx, recording, subjects))

    @router.get("/holdings")
    async def list_holdings(
        caller: Annotated[Caller, requires(Permission.READ_HOLDINGS)],
        page: Paging,
        kind: Annotated[HoldingKind | None, Query()] = None,
        state: Annotated[HoldingState | None, Query()] = None,
        due_before: Annotated[Instant | None, Query()] = None,
    ) -> PageOf[HoldingView]:
        """List holdings in the order in which their things came to exist."""
        wanted = HoldingFilter(kind, state.value if state else None, due_before)
        found = await reading.list_holdings(caller.tx, wanted, after=page.after, most=page.limit + 1)
        return page_of([HoldingView(**_holding(each)) for each in found], page, lambda each: each.id)

    @router.get("/holdings/{holding}")
    async def read_holding(
        holding: UUID, caller: Annotated[Caller, requires(Permission.READ_HOLDINGS)]
    ) -> WholeHoldingView:
        """Show one holding with its places, clocks and orders."""
        found = await reading.whole_holding(caller.tx, holding)
        return WholeHoldingView(
            **_holding(found.holding),
            places=[_place(each) for each in found.places],
            clocks=[_clock(each) for each in found.clocks],
            orders=[OrderView(**_order(each)) for each in found.orders],
        )

    @router.get("/orders")
    async def list_open_orders(
        caller: Annotated[Caller, requires(Permission.READ_HOLDINGS)], page: Paging
    ) -> PageOf[OpenOrderView]:
        """List the erasures that are not certified yet, oldest first, each with its age and what is in its way."""
        found = await reading.list_open_orders(caller.tx, after=page.after, most=page.limit + 1)
        return page_of([_open_order(each, caller.tx.now) for each in found], page, lambda each: each.id)

    @router.get("/certificates/{certificate}")
    async def read_certificate(
        certificate: UUID, caller: Annotated[Caller, requires(Permission.READ_CERTIFICATES)]
    ) -> CertificateView:
        """Show an erasure certificate."""
        token, claims, entry = await reading.certificate(caller.tx, certificate)
        return CertificateView(certificate=token, claims=claims, ledger_entry=entry)

    return router


def _clocks(found: reading.RecordingClocks) -> RecordingClocksView:
    return RecordingClocksView(
        recording=found.recording,
        clocks=[_clock(each) for each in found.clocks],
        restricted=found.restricted,
        held=found.held,
        earliest_due_at=found.earliest_due_at,
    )


def _clock(clock: Clock) -> ClockView:
    expired = clock.expired_at is not None
    return ClockView(purpose=clock.purpose, key=clock.key, version=clock.version, due_at=clock.due_at, expired=expired)


def _holding(holding: Holding) -> dict[str, Any]:
    return {
        "id": holding.id,
        "kind": holding.kind,
        "state": holding.state,
        "registered_at": holding.registered_at,
        "due_at": holding.due_at,
        "kept_by": list(holding.kept_by),
        "ends_with": holding.ends_with,
        "deletion_began_at": holding.ordered_at,
        "erased_at": holding.erased_at,
        "certificate": holding.certificate,
    }


def _place(place: PlaceProof) -> PlaceView:
    return PlaceView(
        kind=place.kind,
        id=place.id,
        method=place.method,
        absent_at=place.absent_at,
        stuck_since=place.stuck_since,
        stuck_cause=place.stuck_cause,
    )


def _order(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "holding": order.holding,
        "kind": order.kind,
        "ground": order.ground.value,
        "state": order.state.value,
        "deletion_began_at": order.ordered_at,
        "ordered_at": order.shredding_at,
        "verified_at": order.verified_at,
        "control_sequence": order.control_sequence,
    }


def _open_order(found: OpenOrder, now: datetime) -> OpenOrderView:
    return OpenOrderView(
        **_order(found.order),
        age_seconds=int((now - found.order.ordered_at).total_seconds()),
        places=found.places,
        places_proved=found.places_proved,
        stuck_since=found.stuck_since,
        stuck_cause=found.stuck_cause,
    )
