"""The words of which requests and answers are made: strict models, bounded texts, instants, pages."""

import base64
import binascii
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, PlainSerializer, StringConstraints
from recital_errors import FieldError, Malformed

T = TypeVar("T")


class Model(BaseModel):
    """A request's or an answer's shape: frozen, and unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _plain(text: str) -> str:
    if any(unicodedata.category(each) in ("Cc", "Cs") and each not in "\n\t" for each in text):
        raise ValueError("no control characters, NUL or lone surrogates")
    return text


_Plain = AfterValidator(_plain)
Text200 = Annotated[str, StringConstraints(min_length=1, max_length=200), _Plain]
"""A name: kept as it is given."""
Text2000 = Annotated[str, StringConstraints(min_length=1, max_length=2_000), _Plain]
"""A reason."""
Text10000 = Annotated[str, StringConstraints(min_length=1, max_length=10_000), _Plain]
"""A note."""


def rfc3339(at: datetime) -> str:
    """Return an instant in RFC 3339, UTC, with Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


Instant = Annotated[AwareDatetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]
"""A moment with its zone; answered in UTC."""

IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=200), _Plain] | None, Header(alias="Idempotency-Key")
]


class Page(Model):
    """How much of a list is asked, and after which place: `cursor` is what the list before gave as `next_cursor`."""

    limit: int
    after: UUID | None


def _page(
    limit: Annotated[int, Query(ge=1, le=500)] = 50, cursor: Annotated[str | None, Query(max_length=200)] = None
) -> Page:
    if cursor is None:
        return Page(limit=limit, after=None)
    try:
        return Page(limit=limit, after=UUID(bytes=base64.urlsafe_b64decode(cursor + "==")))
    except (ValueError, binascii.Error):
        wrong = FieldError("cursor", "not a cursor that a list here gave")
        raise Malformed("cursor_malformed", fields=[wrong]) from None


class PageOf(Model, Generic[T]):
    """One page of a list, in a stable order; `next_cursor` is absent on the last."""

    items: Sequence[T]
    next_cursor: str | None = None


def page_of(items: Sequence[T], page: Page, id_of: Callable[[T], UUID]) -> PageOf[T]:
    """Make a page of what a store returned when asked for one more than the limit."""
    if len(items) <= page.limit:
        return PageOf(items=items)
    shown = items[: page.limit]
    return PageOf(items=shown, next_cursor=base64.urlsafe_b64encode(id_of(shown[-1]).bytes).decode().rstrip("="))


Paging = Annotated[Page, Depends(_page)]
"""The page a list route is asked for."""
