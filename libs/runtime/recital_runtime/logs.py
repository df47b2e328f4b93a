"""Logs: JSON lines of an allow-list of fields. A field that is not listed is dropped, since it might name a person."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Ids, codes, counts and times; never a number, a name, a body, a query or an exception's text.
FIELDS = frozenset(
    {
        "event", "level", "timestamp", "service", "trace", "route", "method", "status", "duration_ms", "loop", "error",
        "code", "tenant", "call", "recording", "request", "holding", "permit", "order", "subject", "kind", "place",
        "count", "state", "age", "url", "port", "version", "sequence",
    }
)  # fmt: skip


def _only_listed(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: value for name, value in fields.items() if name in FIELDS}


def configure(service: str) -> None:
    """Send all logs of this process, libraries' warnings included, through the allow-list to standard error."""
    structlog.contextvars.bind_contextvars(service=service)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_listed,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # A library's own message may hold anything: only where it came from and how bad it is are passed on.
    logging.basicConfig(handlers=[_Library()], level=logging.WARNING, force=True)


class _Library(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        structlog.get_logger().warning("library", kind=record.name, state=record.levelname, error=kind)
