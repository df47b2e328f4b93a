"""The trace goes on whether or not anybody collects spans (W3C Trace Context)."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, Tracer
from recital_database import traceparent
from recital_runtime.telemetry import continued, span, tracer_for

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SENT = f"00-{TRACE}-{PARENT}-00"


def test_a_trace_goes_on_under_a_new_parent() -> None:
    version, trace, parent, flags = continued(SENT).split("-")
    assert (version, trace, flags) == ("00", TRACE, "00")
    assert parent != PARENT
    assert len(parent) == 16


@pytest.mark.parametrize("sent", [None, "", "nonsense", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01"])
def test_what_is_no_traceparent_begins_a_trace(sent: str | None) -> None:
    version, trace, parent, flags = continued(sent).split("-")
    assert (version, len(trace), len(parent), flags) == ("00", 32, 16, "01")
    assert trace not in (TRACE, "0" * 32)


@pytest.mark.parametrize("tracer", [tracer_for("consent", None)[0], TracerProvider().get_tracer("recital")])
def test_work_carries_the_trace_it_was_given_with_and_without_a_collector(tracer: Tracer | None) -> None:
    with span(tracer, "work", parent=SENT, kind=SpanKind.SERVER):
        inside = traceparent.get()
    assert inside is not None
    assert inside.split("-")[1] == TRACE
    assert inside != SENT
    assert traceparent.get() is None
