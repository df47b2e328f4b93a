"""The things events speak of: places where personal data lies, parties, purposes, and the spans they cover."""

from itertools import pairwise
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from recital_events.event import Code, Instant, Noun

HoldingKind = Literal["recording", "call", "identity", "request", "package", "collection", "bundle"]
"""What kinds of holding there are. A holding's id is the id of the thing itself."""

PartyKind = Literal["customer", "staff", "third_party"]

Milliseconds = Annotated[int, Field(ge=0)]


def _forward(span: tuple[int, int]) -> tuple[int, int]:
    if span[0] >= span[1]:
        raise ValueError("a span ends after it starts")
    return span


Span = Annotated[tuple[Milliseconds, Milliseconds], AfterValidator(_forward)]
"""A half-open interval [start, end) in whole milliseconds since the call was answered."""


def _in_order(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
        raise ValueError("spans are in order and do not overlap")
    return spans


Spans = Annotated[tuple[Span, ...], AfterValidator(_in_order)]


class Place(Noun):
    """Where a holding's data lies: an `object` in the store, a `key`, or `rows` in the owner's database."""

    kind: Literal["object", "key", "rows"]
    id: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._:/-]+$")]


class Proof(Noun):
    """That a place is empty: how that was found (`method`), and when."""

    place: Place
    method: Code
    absent_at: Instant


class PurposeSpans(Noun):
    """The spans that a set of purposes covers; one entry per distinct set (R04)."""

    purposes: tuple[Code, ...]
    spans: Spans


class PartyLink(Noun):
    """A party of a call by its label there, and who that is: a subject id, or None for a bot or an unknown one."""

    party: Code
    subject: UUID | None = None
    kind: PartyKind


class PurposeVersion(Noun):
    """A purpose in the version that counted for a call: `purpose` is its id, `key` its name in the tenant."""

    purpose: UUID
    key: Code
    version: Annotated[int, Field(ge=1)]
