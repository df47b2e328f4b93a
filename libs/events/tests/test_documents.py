"""The AsyncAPI document and the page say of every event what the catalogue says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from recital_events import CATALOGUE, SERVICES, consumed_by, produced_by, subjects_produced_by
from recital_events.documents import asyncapi, events_page

DOCUMENT = asyncapi(CATALOGUE)


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for each in node.values():
            yield from references(each)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


def resolve(reference: str) -> Any:
    node: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert len(found) > 50
    for reference in found:
        assert reference.startswith("#/")
        assert resolve(reference) is not None


def test_there_is_a_channel_for_every_subject() -> None:
    addresses = {channel["address"] for channel in DOCUMENT["channels"].values()}
    assert addresses == {subject for service in SERVICES for subject in subjects_produced_by(service)}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_sends_and_receives_what_the_catalogue_says(service: str) -> None:
    done: dict[str, set[str]] = {"send": set(), "receive": set()}
    for operation in DOCUMENT["operations"].values():
        if operation["tags"] == [{"name": service}]:
            (message,) = operation["messages"]
            done[operation["action"]].add(resolve(resolve(message["$ref"])["$ref"])["name"])
    assert done["send"] == {f"recital.{event.name}" for event in produced_by(service)}
    assert done["receive"] == {f"recital.{event.name}" for event in consumed_by(service)}


@pytest.mark.parametrize("event", CATALOGUE.values(), ids=lambda event: event.name)
def test_a_message_says_whose_it_is_and_in_which_version(event: Any) -> None:
    message = DOCUMENT["components"]["messages"][event.__name__]
    properties = message["payload"]["properties"]
    assert properties["source"]["enum"] == [f"recital/{producer}" for producer in event.producers]
    assert properties["type"]["const"] == f"recital.{event.name}"
    assert properties["dataschema"]["const"] == f"recital/{event.name}/v{event.schema_version}"
    assert {"tenant", "version", "id", "time", "data"} <= set(message["payload"]["required"])
    assert message["examples"][0]["payload"]["type"] == f"recital.{event.name}"


def test_the_document_is_json() -> None:
    assert json.loads(json.dumps(DOCUMENT)) == DOCUMENT


@pytest.mark.parametrize("event", CATALOGUE.values(), ids=lambda event: event.name)
def test_the_page_describes_every_event_and_field(event: Any) -> None:
    page = events_page(CATALOGUE)
    section = page.partition(f"### {event.name}\n")[2].partition("\n### ")[0]
    assert section
    for field in event.model_fields:
        assert f"| `{field}` |" in section
