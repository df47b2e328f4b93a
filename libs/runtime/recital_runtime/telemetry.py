"""Traces and request metrics: one ASGI layer around every request, and the span around every event.

The trace goes on through HTTP and NATS as W3C traceparent. Span names are route templates and event names, no ids.
"""

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Tracer
from prometheus_client import Histogram
from recital_database import traceparent
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recital_runtime.metrics import Metrics

log = structlog.get_logger()
# Answers about people are never cached, sniffed, framed or told to third parties.
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?")
QUIET = frozenset({"/livez", "/readyz", "/metrics"})


def tracer_for(service: str, endpoint: str | None) -> tuple[Tracer | None, TracerProvider | None]:
    """Return the tracer of a process; None without an OTLP/HTTP endpoint, since nobody would see its spans."""
    if not endpoint:
        return None, None
    provider = TracerProvider(resource=Resource.create({"service.name": f"recital-{service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return provider.get_tracer("recital"), provider


def continued(parent: str | None) -> str:
    """Return the traceparent of work that continues another's, or begins a trace (W3C Trace Context)."""
    found = _TRACEPARENT.fullmatch(parent) if parent else None
    trace_id, flags = (found[1], found[2]) if found else (secrets.token_hex(16), "01")
    return f"00-{trace_id}-{secrets.token_hex(8)}-{flags}"


@contextmanager
def span(tracer: Tracer | None, name: str, *, parent: str | None, kind: SpanKind) -> Iterator[None]:
    """Work under a span that continues `parent` (a traceparent), and pass it on to what is announced or asked.

    Without a tracer nothing is told of the work, but the trace goes on all the same.
    """
    if tracer is None:
        token = traceparent.set(continued(parent))
        try:
            yield
        finally:
            traceparent.reset(token)
        return
    context = propagate.extract({"traceparent": parent} if parent else {})
    with tracer.start_as_current_span(name, context=context, kind=kind):
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        token = traceparent.set(carrier.get("traceparent"))
        try:
            yield
        finally:
            traceparent.reset(token)


class Observed:
    """The ASGI layer: a span, a measurement and a log line per request, and the safe headers on every answer."""

    def __init__(self, app: ASGIApp, *, tracer: Tracer | None, metrics: Metrics) -> None:
        """Wrap an application."""
        self._app, self._tracer, self._metrics = app, tracer, metrics
        self._timed: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                said = {name for name, _ in headers}
                message["headers"] = [*headers, *(each for each in _HEADERS if each[0] not in said)]
            await send(message)

        parent = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"), None)
        with span(self._tracer, f"{scope['method']} request", parent=parent, kind=SpanKind.SERVER):
            try:
                await self._app(scope, receive, answer)
            finally:
                route = getattr(scope.get("route"), "path", "none")
                if self._tracer is not None:
                    current = trace.get_current_span()
                    current.update_name(f"{scope['method']} {route}")
                    current.set_attribute("http.response.status_code", status)
                elapsed = time.perf_counter() - started
                self._timing(scope["method"], route, status).observe(elapsed)
                if scope["path"] not in QUIET:
                    log.info(
                        "request", method=scope["method"], route=route, status=status,
                        duration_ms=round(elapsed * 1000, 1), trace=traceparent.get(),
                    )  # fmt: skip

    def _timing(self, method: str, route: str, status: int) -> Histogram:
        """Return the measure of a route's answers; each is looked up in the registry once."""
        key = (method, route, status)
        found = self._timed.get(key)
        if found is None:
            found = self._timed[key] = self._metrics.requests.labels(method, route, str(status))
        return found
