"""What actions work with, put together once in wiring; no decision and no state here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from prometheus_client import Gauge
from recital_identity import Order, SigningKey, issue_order
from recital_runtime import Neighbour, Runtime, Technologies

from recital_dsar.actions.carrying import Carrier
from recital_dsar.actions.stationery import Stationery
from recital_dsar.decisions.letters import Channel


@dataclass(frozen=True, slots=True)
class Limits:
    """What the settings allow: times, and how much may come through the portal."""

    session: timedelta
    package: timedelta
    internal_target_days: int
    portal_requests_per_hour: int
    largest_part: int
    portal_url: str = ""


class Means(Technologies):
    """The technologies and limits that actions are given."""

    def __init__(
        self,
        runtime: Runtime,
        limits: Limits,
        carriers: Mapping[Channel, Carrier] | None = None,
        *,
        standings: Gauge | None = None,
    ) -> None:
        """Nothing is opened here. Letters by a channel without a carrier wait, visibly."""
        super().__init__(runtime)
        self.limits = limits
        self.carriers: Mapping[Channel, Carrier] = carriers or {}
        self.stationery = Stationery()
        self._standings = standings

    def show_standings(self, counts: Mapping[str, int]) -> None:
        """Show how the last days of open requests stand."""
        if self._standings is not None:
            for standing, number in counts.items():
                self._standings.labels(standing).set(number)

    def signing_key(self, use: str) -> SigningKey:
        """Return the key for `order` or `subject` tokens."""
        return self._runtime.signing[use]

    def ordered(self, service: str, order: Order) -> "Ordered":
        """Return another service, asked under an order token for one person's request."""
        return Ordered(self, service, order)


@dataclass(frozen=True, slots=True)
class Ordered:
    """Another service and the order under which it is asked; a token is signed for every call, so none runs out."""

    means: Means
    service: str
    order: Order

    @property
    def neighbour(self) -> Neighbour:
        """The service."""
        return self.means.neighbours[self.service]

    def token(self) -> str:
        """Return a fresh order token for the service."""
        now = self.means.database.clock.now()
        return issue_order(self.order, self.means.signing_key("order"), audience=self.service, now=now)


def order_for(tenant: UUID, request: UUID, subjects: Iterable[UUID], *actions: str) -> Order:
    """Return what is ordered of another service for a request."""
    return Order(tenant, request, frozenset(actions), frozenset(subjects))
