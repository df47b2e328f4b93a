"""The events' JSON Schemas, and the gate: a change that any reader or any stored event could not bear is refused.

A new reader must understand every event that was ever written, and a reader of the last release every event that is
written now, ignoring fields it does not know. So a field with a default may be added; what else differs needs a new
version.
"""

import json
from typing import Any

import jsoncompat

from recital_events.event import Event

Schema = dict[str, Any]

# What is said of a schema beside its rules, and what names it: with a name, local references would not be local.
_WORDS = frozenset({"title", "description", "default", "examples"})
_NAMES = frozenset({"$id", "$schema"})


def schema_of(event: type[Event]) -> Schema:
    """Return the JSON Schema (2020-12) of an event's data, open to fields that come later."""
    schema = event.model_json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"recital/{event.name}/v{event.schema_version}",
        **schema,
    }


def breaks(before: Schema, after: Schema) -> list[str]:
    """Return why `after` may not replace `before` under the same version; empty when it may.

    Two checks, since each sees what the other cannot: old events against the new schema, with both closed to unknown
    fields (a field that became required, or is gone); new events against the old schema, both open (a value the old
    reader does not know).
    """
    found = []
    if not jsoncompat.check_compat(_comparable(before, closed=True), _comparable(after, closed=True), "deserializer"):
        found.append("events that were written before could not be read any more")
    if not jsoncompat.check_compat(_comparable(before, closed=False), _comparable(after, closed=False), "serializer"):
        found.append("events that are written now could not be read by the last release")
    return found


def _comparable(schema: Schema, *, closed: bool) -> str:
    return json.dumps(_rewritten(schema, closed=closed))


def _rewritten(node: Any, *, closed: bool) -> Any:
    """Make visible to the comparison what it overlooks: formats, patterns and the types in a tuple's places.

    A string with a format or a pattern becomes a constant that names them: equal only to itself.
    """
    if isinstance(node, list):
        return [_rewritten(each, closed=closed) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") == "string" and {"format", "pattern"} & node.keys():
        rules = {key: value for key, value in node.items() if key not in _WORDS}
        return {"const": json.dumps(rules, sort_keys=True)}
    rewritten = {key: _rewritten(value, closed=closed) for key, value in node.items() if key not in _NAMES}
    if "prefixItems" in node:
        places = rewritten.pop("prefixItems")
        rewritten |= {
            "type": "object",
            "properties": {str(place): each for place, each in enumerate(places)},
            "required": [str(place) for place in range(len(places))],
        }
        for key in ("minItems", "maxItems", "items"):
            rewritten.pop(key, None)
    if closed and rewritten.get("type") == "object":
        rewritten["additionalProperties"] = False
    return rewritten
