"""The gate: what may change under the same version, and what may not."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import Field
from recital_events import CATALOGUE, Code, Event, Instant, Place, Sha256, Span
from recital_events.__main__ import main
from recital_events.generating import Folders, check, generate
from recital_events.schemas import breaks, schema_of

NAME = "thing.happened"


class Before(Event):
    """Something happened."""

    name = NAME
    identity = "thing"
    producers = ("ingest",)
    consumers = ("consent",)

    thing: UUID
    at: Instant
    key: Code
    kind: Literal["one", "two"]
    number: Annotated[int, Field(ge=0)]
    note: str | None = None
    places: tuple[Place, ...] = ()
    span: Span = (0, 1)


class WithAnOptionalField(Before):
    """Something happened, in other words."""

    more: str | None = None
    most: tuple[UUID, ...] = ()


class WithARequiredField(Before):
    """Something happened."""

    more: str


class WithoutAnOptionalField(Event):
    """Something happened."""

    name = NAME
    identity = "thing"
    producers = ("ingest",)
    consumers = ("consent",)

    thing: UUID
    at: Instant
    key: Code
    kind: Literal["one", "two"]
    number: Annotated[int, Field(ge=0)]
    places: tuple[Place, ...] = ()
    span: Span = (0, 1)


def changed(field: str, annotation: Any, default: Any = ...) -> type[Event]:
    """Return the event with one field of another type."""
    body = {"__module__": __name__, "__doc__": "Something happened.", "__annotations__": {field: annotation}}
    return type("Changed", (Before,), body if default is ... else {**body, field: default})


class PlaceWithMore(Place):
    """A place with a field that may be left out."""

    region: str | None = None


class PlaceElsewhere(Place):
    """A place of a kind that no reader knows yet."""

    kind: Literal["object", "key", "rows", "tape"]  # type: ignore[assignment]


@pytest.mark.parametrize(
    "after",
    [
        Before,
        WithAnOptionalField,
        changed("note", str | None, "a default"),
        changed("places", tuple[PlaceWithMore, ...], ()),
    ],
    ids=["nothing", "optional fields added", "a default changed", "an optional field added inside"],
)
def test_a_change_that_every_reader_can_bear_is_accepted(after: type[Event]) -> None:
    assert breaks(schema_of(Before), schema_of(after)) == []


@pytest.mark.parametrize(
    "after",
    [
        WithARequiredField,
        WithoutAnOptionalField,
        changed("note", str),
        changed("number", int | None, None),
        changed("number", str),
        changed("number", Annotated[int, Field(ge=1)]),
        changed("number", Annotated[int, Field(ge=-1)]),
        changed("kind", Literal["one", "two", "three"]),
        changed("kind", Literal["one"]),
        changed("thing", str),
        changed("at", str),
        changed("key", str),
        changed("key", Sha256),
        changed("places", tuple[PlaceElsewhere, ...], ()),
        changed("places", tuple[UUID, ...], ()),
        changed("span", tuple[int, str], (0, "1")),
        changed("span", tuple[int, int, int], (0, 1, 2)),
    ],
    ids=[
        "a required field added",
        "an optional field removed",
        "an optional field required",
        "a required field optional",
        "another type",
        "a smaller range",
        "a larger range",
        "a new value",
        "a value less",
        "an id becomes a text",
        "a time becomes a text",
        "a code becomes a text",
        "another pattern",
        "a new value inside",
        "other items",
        "another type in a tuple's place",
        "a longer tuple",
    ],
)
def test_a_change_that_some_reader_cannot_bear_is_refused(after: type[Event]) -> None:
    assert breaks(schema_of(Before), schema_of(after))


@pytest.mark.parametrize("event", CATALOGUE.values(), ids=lambda event: event.name)
def test_the_present_schemas_do_not_break_themselves(event: type[Event]) -> None:
    assert breaks(schema_of(event), schema_of(event)) == []


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    folders = Folders.of_repository(tmp_path)
    assert generate(folders) == []
    return folders


def with_change(**fields: Any) -> dict[str, type[Event]]:
    """Return the catalogue with fields added to `permit.revoked`."""
    base = CATALOGUE["permit.revoked"]
    body: dict[str, Any] = {"__module__": __name__, "__doc__": base.__doc__, **fields}
    return {**CATALOGUE, base.name: type("PermitRevoked", (base,), body)}


def test_a_breaking_change_is_refused_and_nothing_is_written(folders: Folders) -> None:
    breaking = with_change(__annotations__={"seconds": int})
    file = folders.schemas / "permit.revoked.v1.json"
    before = file.read_text()
    (said,) = generate(folders, breaking)
    assert "permit.revoked" in said
    assert "Raise its `schema_version`" in said
    assert check(folders, breaking) == [said]
    assert file.read_text() == before


def test_a_breaking_change_in_a_new_version_is_accepted_and_the_old_schema_stays(folders: Folders) -> None:
    newer = with_change(__annotations__={"seconds": int}, schema_version=2)
    before = (folders.schemas / "permit.revoked.v1.json").read_text()
    assert generate(folders, newer) == []
    assert (folders.schemas / "permit.revoked.v1.json").read_text() == before
    assert "seconds" in json.loads((folders.schemas / "permit.revoked.v2.json").read_text())["required"]
    assert check(folders, newer) == []


def test_an_optional_field_is_accepted_and_the_files_must_be_written_again(folders: Folders) -> None:
    wider = with_change(__annotations__={"seconds": int | None}, seconds=None)
    said = check(folders, wider)
    assert any("permit.revoked.v1.json in schemas is out of date" in each for each in said)
    assert generate(folders, wider) == []
    assert check(folders, wider) == []


def test_a_published_event_cannot_be_dropped(folders: Folders) -> None:
    fewer = {name: event for name, event in CATALOGUE.items() if name != "clock.expired"}
    assert check(folders, fewer) == [
        "clock.expired.v1.json was published, and clock.expired is not in the catalogue any more"
    ]


def test_a_version_cannot_go_back(folders: Folders) -> None:
    assert generate(folders, with_change(schema_version=2)) == []
    assert check(folders) == ["permit.revoked.v2.json is of a later version than the catalogue's 1"]


def test_an_event_without_an_example_is_refused(folders: Folders) -> None:
    assert check(folders, {**CATALOGUE, NAME: Before}) == [f"{NAME} has no example"]


@pytest.mark.parametrize("file", ["schemas/call.ended.v1.json", "examples/call.ended.v1.json"])
def test_a_file_changed_by_hand_or_missing_is_noticed(folders: Folders, file: str) -> None:
    changed_file = folders.schemas.parent / file
    text = changed_file.read_text()
    changed_file.write_text(text + "\n")
    (said,) = check(folders)
    assert "out of date" in said
    changed_file.unlink()
    (said,) = check(folders)
    assert "is missing" in said


def test_the_command_says_what_is_wrong_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--root", str(tmp_path)]) == 1
    assert "is missing" in capsys.readouterr().err
    assert main(["generate", "--root", str(tmp_path)]) == 0
    assert main(["check", "--root", str(tmp_path)]) == 0


def test_the_committed_files_are_what_the_catalogue_gives() -> None:
    assert main(["check"]) == 0
