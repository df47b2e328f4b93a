"""Metrics: every name and label this project has, declared once. Labels are closed sets, never ids or people."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """One process's metrics, in a registry of its own."""

    def __init__(self) -> None:
        """Declare them all."""
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "recital_request_seconds",
            "Requests by route template",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.published = Counter("recital_events_published", "Events accepted by the bus", registry=self.registry)
        self.consumed = Counter("recital_events_consumed", "Events by outcome", ["outcome"], registry=self.registry)
        self.outbox_waiting = Gauge("recital_outbox_waiting", "Events the bus has not accepted", registry=self.registry)
        self.outbox_age = Gauge("recital_outbox_age_seconds", "Age of the oldest of them", registry=self.registry)
        self.held_back = Gauge("recital_events_held_back", "Events here by state", ["state"], registry=self.registry)
        self.held_back_age = Gauge(
            "recital_events_held_back_age_seconds", "Age of the oldest of them", ["state"], registry=self.registry
        )
        self.edge_difference = Gauge(
            "recital_edge_difference", "Hours in which a consumer's inbox differs from our outbox", ["consumer"],
            registry=self.registry,
        )  # fmt: skip
        self.alarms_open = Gauge("recital_alarms_open", "Open alarms by kind", ["kind"], registry=self.registry)
        self.loop_failures = Counter("recital_loop_failures", "Failed runs of loops", ["loop"], registry=self.registry)
        self.entries_sequenced = Counter("recital_ledger_batches", "Checkpoints signed", registry=self.registry)
        self.erasures = Gauge(
            "recital_erasures", "Holdings that are due, and orders that are not certified", ["state"],
            registry=self.registry,
        )  # fmt: skip
        self.erasures_age = Gauge(
            "recital_erasures_age_seconds", "Age of the oldest order that is not certified", registry=self.registry
        )
        self.erasures_certified = Counter(
            "recital_erasures_certified", "Holdings certified erased", registry=self.registry
        )
        self.clock_frozen = Gauge(
            "recital_clock_frozen", "1 while a jump of time holds destruction", registry=self.registry
        )
