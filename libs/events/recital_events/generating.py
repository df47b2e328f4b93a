"""The committed files that the catalogue gives: schemas, examples, the events page and the AsyncAPI document.

`generate` writes them and `check` compares; neither lets a breaking change pass under an old version number, and both
refuse a catalogue that is not sound.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recital_events.catalogue import CATALOGUE, problems
from recital_events.documents import asyncapi, events_page, file_name
from recital_events.event import Event
from recital_events.examples import EXAMPLES, example_envelope
from recital_events.schemas import breaks, schema_of


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the files lie; each event has one of the same name in `schemas` and in `examples`."""

    schemas: Path
    examples: Path
    docs: Path

    @classmethod
    def of_repository(cls, root: Path) -> "Folders":
        """Return the places in a checkout."""
        room = root / "libs" / "events"
        return cls(schemas=room / "schemas", examples=room / "examples", docs=root / "docs")


def generate(folders: Folders, catalogue: Mapping[str, type[Event]] = CATALOGUE) -> list[str]:
    """Write every file that differs; returns what forbids it, and then writes nothing."""
    refused = refusals(folders, catalogue)
    if refused:
        return refused
    for file, text in _files(folders, catalogue).items():
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
    return []


def check(folders: Folders, catalogue: Mapping[str, type[Event]] = CATALOGUE) -> list[str]:
    """Return what forbids the catalogue, and the files that are missing, differ or belong to no event."""
    found = refusals(folders, catalogue)
    if found:
        return found
    for file, text in _files(folders, catalogue).items():
        if not file.exists():
            found.append(f"{file.name} is missing from {file.parent.name}: run `python -m recital_events generate`")
        elif file.read_text() != text:
            found.append(f"{file.name} in {file.parent.name} is out of date: run `python -m recital_events generate`")
    return found


def refusals(folders: Folders, catalogue: Mapping[str, type[Event]] = CATALOGUE) -> list[str]:
    """Return why the catalogue may not take the place of the committed one: the gate."""
    found = problems(catalogue.values())
    for event in catalogue.values():
        if event.name not in EXAMPLES:
            found.append(f"{event.name} has no example")
        committed = folders.schemas / file_name(event)
        if committed.exists():
            found += [
                f"{event.name}: {reason}. Raise its `schema_version`, or keep what was there."
                for reason in breaks(json.loads(committed.read_text()), schema_of(event))
            ]
    return found + _orphans(folders, catalogue)


def _orphans(folders: Folders, catalogue: Mapping[str, type[Event]]) -> list[str]:
    """Committed schemas say what was published: one without an event, or from a version to come, was not withdrawn."""
    found = []
    for file in sorted(folders.schemas.glob("*.json")):
        name, _, version = file.name.removesuffix(".json").rpartition(".v")
        event = catalogue.get(name)
        if event is None:
            found.append(f"{file.name} was published, and {name} is not in the catalogue any more")
        elif not version.isdigit() or int(version) > event.schema_version:
            found.append(f"{file.name} is of a later version than the catalogue's {event.schema_version}")
    return found


def _files(folders: Folders, catalogue: Mapping[str, type[Event]]) -> dict[Path, str]:
    files = {
        folders.docs / "events.md": events_page(catalogue),
        folders.docs / "asyncapi.json": _json(asyncapi(catalogue)),
    }
    for event in catalogue.values():
        files[folders.schemas / file_name(event)] = _json(schema_of(event))
        files[folders.examples / file_name(event)] = _json(json.loads(example_envelope(event.name).to_bytes()))
    return files


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
