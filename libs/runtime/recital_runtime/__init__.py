"""How every service starts, serves, logs, traces and stops."""

from recital_runtime.access import (
    BearerToken,
    Caller,
    Operator,
    Router,
    accepts_order,
    authenticated,
    authenticated_or_order,
    open_route,
    operates,
    requires,
    requires_or_order,
    requires_order,
    runtime_of,
    serves_service,
    serves_subject,
)
from recital_runtime.command import main
from recital_runtime.corrections import correction_text
from recital_runtime.counting_routes import counting_routes
from recital_runtime.direct import DirectRoute
from recital_runtime.key_routes import key_routes
from recital_runtime.loops import Loop
from recital_runtime.means import Technologies
from recital_runtime.metrics import Metrics
from recital_runtime.neighbours import Neighbour, Neighbours
from recital_runtime.parts import SealedPart, tell_part
from recital_runtime.problems import problem_of, reason_view
from recital_runtime.process import App, Runtime
from recital_runtime.settings import ServiceSettings
from recital_runtime.shapes import (
    IdempotencyKey,
    Instant,
    Model,
    Page,
    PageOf,
    Paging,
    Text200,
    Text2000,
    Text10000,
    page_of,
    rfc3339,
)

__all__ = [
    "App",
    "BearerToken",
    "Caller",
    "DirectRoute",
    "IdempotencyKey",
    "Instant",
    "Loop",
    "Metrics",
    "Model",
    "Neighbour",
    "Neighbours",
    "Operator",
    "Page",
    "PageOf",
    "Paging",
    "Router",
    "Runtime",
    "SealedPart",
    "ServiceSettings",
    "Technologies",
    "Text200",
    "Text2000",
    "Text10000",
    "accepts_order",
    "authenticated",
    "authenticated_or_order",
    "correction_text",
    "counting_routes",
    "key_routes",
    "main",
    "open_route",
    "operates",
    "page_of",
    "problem_of",
    "reason_view",
    "requires",
    "requires_or_order",
    "requires_order",
    "rfc3339",
    "runtime_of",
    "serves_service",
    "serves_subject",
    "tell_part",
]
