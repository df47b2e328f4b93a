"""What the catalogue gives to read: docs/events.md for people, docs/asyncapi.json (AsyncAPI 3) for tools."""

import json
from collections.abc import Mapping
from typing import Any

from recital_events.catalogue import consumed_by, produced_by, services_of, subject_of
from recital_events.envelope import CONTENT_TYPE, Envelope, dataschema_of
from recital_events.event import Event
from recital_events.examples import example_envelope

Json = dict[str, Any]

_INTRODUCTION = """# Events

Generated from `libs/events` by `python -m recital_events generate`; do not edit.

Services tell each other what happened as CloudEvents 1.0 in JSON, on NATS JetStream, under
`recital.<producer>.<aggregate>.<event>`. Attributes beside the data: `tenant`; `version`, which counts per producer,
aggregate and subject without gaps; `epoch`, raised when the producer was restored from a backup, and `epochbase`, the
version from which it then counts on; `traceparent`. The
header `Nats-Msg-Id` is the event's `id`. A service that follows one event of a producer's aggregate follows them all.
Events hold ids, times and codes, and no personal data. *Public* ones will reach integrators as webhooks.
"""


def events_page(catalogue: Mapping[str, type[Event]]) -> str:
    """Return docs/events.md."""
    sections = [_section(event) for event in catalogue.values()]
    parts = [_INTRODUCTION, _overview(catalogue), _by_service(catalogue), "## Each event\n", *sections]
    return "\n".join(parts).rstrip() + "\n"


def asyncapi(catalogue: Mapping[str, type[Event]]) -> Json:
    """Return the AsyncAPI 3.0 document: a channel per subject, and what each service sends and receives."""
    schemas: Json = {}
    channels, operations, messages = {}, {}, {}
    for event in catalogue.values():
        data = event.model_json_schema(mode="validation", ref_template="#/components/schemas/{model}")
        schemas |= data.pop("$defs", {}) | {event.__name__: data}
        messages[event.__name__] = _message(event)
        for producer in event.producers:
            channel = f"{producer}.{event.name}"
            channels[channel] = {
                "address": subject_of(producer, event),
                "messages": {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}},
            }
            operations[f"{producer}.send.{event.name}"] = _operation("send", channel, event, producer)
            for consumer in event.consumers:
                receiving = f"{consumer}.receive.{event.name}.from.{producer}"
                operations[receiving] = _operation("receive", channel, event, consumer)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Recital: events",
            "version": "1.0.0",
            "description": "What Recital's services tell each other.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {"local": {"host": "127.0.0.1:4222", "protocol": "nats"}},
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


def _message(event: type[Event]) -> Json:
    return {
        "name": f"recital.{event.name}",
        "title": event.__name__,
        "summary": _summary(event),
        "contentType": CONTENT_TYPE,
        "headers": {
            "type": "object",
            "required": ["Nats-Msg-Id"],
            "properties": {"Nats-Msg-Id": {"type": "string", "format": "uuid", "description": "the event's id"}},
        },
        "payload": _envelope(event),
        "examples": [{"name": event.name, "payload": json.loads(example_envelope(event.name).to_bytes())}],
    }


def _envelope(event: type[Event]) -> Json:
    schema = Envelope.model_json_schema(mode="validation")
    schema["properties"] |= {
        "source": {"enum": [f"recital/{producer}" for producer in event.producers]},
        "type": {"const": f"recital.{event.name}"},
        "dataschema": {"const": dataschema_of(event)},
        "data": {"$ref": f"#/components/schemas/{event.__name__}"},
    }
    return {"type": "object", "required": schema["required"], "properties": schema["properties"]}


def _operation(action: str, channel: str, event: type[Event], service: str) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{event.__name__}"}],
        "tags": [{"name": service}],
    }


def _overview(catalogue: Mapping[str, type[Event]]) -> str:
    rows = ["| event | what happened | from | to | |", "|---|---|---|---|---|"]
    for event in catalogue.values():
        link = f"[`{event.name}`](#{event.name.replace('.', '')})"
        public = "public" if event.public else ""
        rows.append(
            f"| {link} | {_summary(event)} | {', '.join(event.producers)} | {', '.join(event.consumers)} | {public} |"
        )
    return "\n".join(rows) + "\n"


def _by_service(catalogue: Mapping[str, type[Event]]) -> str:
    rows = ["## By service\n", "| service | publishes | follows |", "|---|---|---|"]
    for service in services_of(catalogue):
        sides = (produced_by(service, catalogue=catalogue), consumed_by(service, catalogue=catalogue))
        rows.append(f"| {service} | {' | '.join(', '.join(f'`{each.name}`' for each in side) for side in sides)} |")
    return "\n".join(rows) + "\n"


def _section(event: type[Event]) -> str:
    lines = [
        f"### {event.name}\n",
        " ".join((event.__doc__ or "").split()) + "\n",
        f"Version {event.schema_version}; about one {event.aggregate}, by its `{event.identity}`. "
        f"[Schema](../libs/events/schemas/{file_name(event)}), "
        f"[example](../libs/events/examples/{file_name(event)}).\n",
        "| field | type | needed |",
        "|---|---|---|",
    ]
    schema = event.model_json_schema(mode="validation")
    needed = schema.get("required", [])
    for name, field in schema["properties"].items():
        lines.append(f"| `{name}` | {_type(field)} | {'yes' if name in needed else 'no'} |")
    return "\n".join(lines) + "\n"


def _type(field: Json) -> str:
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if "anyOf" in field:
        return " or ".join(_type(each) for each in field["anyOf"])
    if "prefixItems" in field:
        return f"({', '.join(_type(each) for each in field['prefixItems'])})"
    if field.get("type") == "array":
        return f"list of {_type(field['items'])}"
    return str(field.get("format") or field["type"])


def _summary(event: type[Event]) -> str:
    return " ".join((event.__doc__ or "").strip().partition("\n\n")[0].split())


def file_name(event: type[Event]) -> str:
    """Return the name of an event's schema and example files in its present version."""
    return f"{event.name}.v{event.schema_version}.json"
