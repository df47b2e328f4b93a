"""What a request may hold, and how lists are paged."""

from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from recital_errors import Malformed
from recital_runtime import Instant, Model, Page, Text200, Text10000, page_of
from recital_runtime.shapes import _page

NAME = TypeAdapter(Text200)
AT = TypeAdapter(Instant)


class Thing(Model):
    name: Text200


@pytest.mark.parametrize("text", ["", "a" * 201, "a\0b", "a\x1bb", "\ud800"])
def test_a_name_with_what_no_name_has_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        NAME.validate_python(text)


@pytest.mark.parametrize(
    "text", [" kept as given ", "<b>", "=1+1", "\u202eright to left", "../../etc", "Ærøskøbing 漢字"]
)
def test_a_name_is_kept_as_it_is_given(text: str) -> None:
    assert NAME.validate_python(text) == text


def test_a_note_may_have_lines_and_a_limit() -> None:
    note = TypeAdapter(Text10000)
    assert note.validate_python("one\n\ttwo") == "one\n\ttwo"
    with pytest.raises(ValidationError):
        note.validate_python("a" * 10_001)


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError):
        Thing.model_validate({"name": "a", "tenant_id": "x"})


def test_a_moment_needs_its_zone_and_is_answered_in_utc() -> None:
    with pytest.raises(ValidationError):
        AT.validate_python("2026-11-24T12:00:00")
    at = datetime(2026, 11, 24, 12, tzinfo=timezone(timedelta(hours=1)))
    assert AT.dump_json(at) == b'"2026-11-24T11:00:00Z"'


@given(st.lists(st.uuids(), unique=True, max_size=30), st.integers(1, 7))
def test_pages_show_each_item_once_in_order(ids: list[UUID], limit: int) -> None:
    ids.sort()
    shown: list[UUID] = []
    cursor = None
    while True:
        page = _page(limit, cursor)
        rest = [each for each in ids if page.after is None or each > page.after]
        answer = page_of(rest[: limit + 1], page, lambda each: each)
        shown += answer.items
        cursor = answer.next_cursor
        if cursor is None:
            break
    assert shown == ids


@pytest.mark.parametrize("cursor", ["x", "!!!!", "AAAA", "é"])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Malformed, match="cursor_malformed"):
        _page(10, cursor)


def test_the_first_page_has_no_cursor() -> None:
    assert _page(10, None) == Page(limit=10, after=None)
