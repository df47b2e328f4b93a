"""Traces and request metrics: one ASGI layer around every request, and the span around every event.

The trace goes on through HTTP and NATS as W3C traceparent. Span names are route templates and event names, no ids.
"""

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
from recital_database import traceparent
from starlette.datastructures import MutableHeaders
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
QUIET = frozenset({"/livez", "/readyz", "/metrics"})


def tracer_for(service: str, endpoint: str | None) -> tuple[Tracer, TracerProvider]:
    """Return the tracer of a process; spans leave it only where an OTLP/HTTP endpoint is set."""
    provider = TracerProvider(resource=Resource.create({"service.name": f"recital-{service}"}))
    if endpoint:
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return provider.get_tracer("recital"), provider


@contextmanager
def span(tracer: Tracer, name: str, *, parent: str | None, kind: SpanKind) -> Iterator[None]:
    """Work under a span that continues `parent` (a traceparent), and pass it on to what is announced or asked."""
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

    def __init__(self, app: ASGIApp, *, tracer: Tracer, metrics: Metrics) -> None:
        """Wrap an application."""
        self._app, self._tracer, self._metrics = app, tracer, metrics

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
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        parent = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"), None)
        with span(self._tracer, f"{scope['method']} request", parent=parent, kind=SpanKind.SERVER):
            try:
                await self._app(scope, receive, answer)
            finally:
                route = getattr(scope.get("route"), "path", "none")
                current = trace.get_current_span()
                current.update_name(f"{scope['method']} {route}")
                current.set_attribute("http.response.status_code", status)
                elapsed = time.perf_counter() - started
                self._metrics.requests.labels(scope["method"], route, str(status)).observe(elapsed)
                if scope["path"] not in QUIET:
                    log.info(
                        "request", method=scope["method"], route=route, status=status,
                        duration_ms=round(elapsed * 1000, 1), trace=traceparent.get(),
                    )  # fmt: skip
