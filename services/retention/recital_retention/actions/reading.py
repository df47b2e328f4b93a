"""What is read of the register: clocks before someone listens, holdings, open orders, certificates."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_errors import Gone, NotFound

from recital_retention.decisions.clocks import running
from recital_retention.model import Clock, Holding, Order, PlaceProof
from recital_retention.store import clocks, orders, places, reading
from recital_retention.store.orders import OpenOrder
from recital_retention.store.reading import HoldingFilter


@dataclass(frozen=True, slots=True)
class RecordingClocks:
    """A recording's clocks, whether it is restricted or held, and when the next clock ends."""

    recording: UUID
    clocks: Sequence[Clock]
    restricted: bool
    held: bool
    earliest_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class WholeHolding:
    """A holding with its places, clocks and orders."""

    holding: Holding
    places: Sequence[PlaceProof]
    clocks: Sequence[Clock]
    orders: Sequence[Order]


async def recording_clocks(tx: Transaction, recording: UUID, subjects: Collection[UUID] | None) -> RecordingClocks:
    """Return a recording's clocks; `subjects` bounds it to recordings that speak of one of them (an order's).

    Raises NotFound, and Gone once its destruction has begun.
    """
    found = await reading.listening_to(tx, recording)
    if found is None:
        raise NotFound
    if found.state.beyond_return:
        raise Gone("recording_erased", "The destruction of this recording has begun.")
    if subjects is not None and not await reading.speaks_of(tx, recording, subjects):
        raise NotFound
    all_clocks = (await clocks.clocks_of(tx, [recording])).get(recording, [])
    left = running(all_clocks)
    earliest = left[0].due_at if left else None
    return RecordingClocks(recording, all_clocks, found.restricted, found.held, earliest)


async def whole_holding(tx: Transaction, holding: UUID) -> WholeHolding:
    """Return one holding with all that is known of it; raises NotFound."""
    found = await reading.find_holding(tx, holding)
    if found is None:
        raise NotFound
    where = (await places.places_of(tx, [holding])).get(holding, [])
    its_clocks = (await clocks.clocks_of(tx, [holding])).get(holding, [])
    return WholeHolding(found, where, its_clocks, await orders.orders_of(tx, holding))


async def list_holdings(tx: Transaction, wanted: HoldingFilter, *, after: UUID | None, most: int) -> Sequence[Holding]:
    """Return a page of holdings in order of id."""
    return await reading.list_holdings(tx, wanted, after=after, most=most)


async def certificate(tx: Transaction, certificate_id: UUID) -> tuple[str, dict[str, Any], UUID]:
    """Return a certificate's token, claims and ledger entry; raises NotFound."""
    found = await orders.find_certificate(tx, certificate_id)
    if found is None:
        raise NotFound
    return found


async def list_open_orders(tx: Transaction, *, after: UUID | None, most: int) -> Sequence[OpenOrder]:
    """Return a page of the orders that are not certified, oldest first."""
    return await orders.open_orders(tx, after=after, most=most)
