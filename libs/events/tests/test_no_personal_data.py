"""No field of any event has room for a name, a number or what was said: ids, times, codes and counts alone (R07)."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter
from recital_events import CATALOGUE, Event
from recital_events.event import Code

# The name of a time zone; and the tenant's word for a contract or a case, whose shape consent judges when it comes in.
ELSEWHERE = ("time_zone", "reference", "references")
# A pattern that lets a space or an @ through would let a sentence or an address through.
SENTENCES = ("Jan de Vries", "jan@example.nl", "+31 6 12345678", "Ik wil niet opgenomen worden.")


def texts(schema: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every place in a JSON schema that takes a string."""
    if isinstance(schema, list):
        for index, each in enumerate(schema):
            yield from texts(each, f"{path}/{index}")
    elif isinstance(schema, dict):
        if schema.get("type") == "string":
            yield path, schema
        for name, each in schema.items():
            yield from texts(each, f"{path}/{name}")


def narrow(schema: dict[str, Any]) -> bool:
    """Whether a string is an id, a time, one of listed words, or has a pattern."""
    return bool({"enum", "const", "pattern"} & schema.keys()) or schema.get("format") in {
        "uuid",
        "date-time",
        "date",
        "duration",
    }


@pytest.mark.parametrize("event", CATALOGUE.values(), ids=lambda event: event.name)
def test_every_text_in_an_event_is_an_id_a_time_or_a_code(event: type[Event]) -> None:
    wide = [path for path, schema in texts(event.model_json_schema()) if not narrow(schema)]
    assert [path for path in wide if path.split("/")[2] not in ELSEWHERE] == []


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_code_has_no_room_for_a_person(sentence: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        TypeAdapter(Code).validate_python(sentence)


def test_a_field_of_free_text_would_be_found() -> None:
    assert [path for path, schema in texts({"properties": {"note": {"type": "string"}}}) if not narrow(schema)] == [
        "/properties/note"
    ]
