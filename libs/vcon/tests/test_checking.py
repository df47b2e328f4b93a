"""Each rule of the draft, broken once; and nothing that is put in makes the check itself fail."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recital_errors import Malformed
from recital_vcon import VCon, check, read_vcon

INLINE = {"mediatype": "text/plain", "encoding": "none", "body": "hello"}
HASH = "sha512-" + "A" * 86


def put(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Return what sets the last of `path` at the place named by the others."""
    *places, value = path

    def change(document: dict[str, Any]) -> None:
        for place in places[:-1]:
            document = document[place]
        document[places[-1]] = value

    return change


def drop(*places: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        for place in places[:-1]:
            document = document[place]
        del document[places[-1]]

    return change


def faults(document: Any) -> set[tuple[str, str]]:
    try:
        check(document)
    except Malformed as error:
        return {(each.field, each.problem) for each in error.fields}
    return set()


BROKEN: list[tuple[Callable[[dict[str, Any]], None], str, str]] = [
    (put("vcon", "0.3.0"), "vcon", "unknown_version"),
    (put("uuid", "7"), "uuid", "not_a_uuid"),
    (drop("uuid"), "uuid", "not_a_uuid"),
    (drop("created_at"), "created_at", "not_an_instant"),
    (put("created_at", "2026-02-30T00:00:00Z"), "created_at", "not_an_instant"),
    (put("updated_at", "yesterday"), "updated_at", "not_an_instant"),
    (put("more", 1), "more", "unknown_member"),
    (put("extensions", "CC"), "extensions", "not_names"),
    (put("extensions", ["CC"]), "extensions", "lawful_basis_not_named"),
    (put("critical", ["CC"]), "", ""),
    (put("critical", ["other"]), "critical", "not_in_extensions"),
    (put("critical", ["other"]), "critical", "not_understood"),
    (put("amended", {"uuid": "00000000-0000-0000-0000-000000000000"}), "amended", "redacted_too"),
    (put("amended", {}), "amended.uuid", "missing"),
    (put("redacted", "others"), "redacted", "not_an_object"),
    (put("redacted", {}), "redacted.type", "missing"),
    (put("redacted", "uuid", "x"), "redacted.uuid", "not_a_uuid"),
    (put("redacted", "url", "https://recorder.example/1"), "redacted.content_hash", "missing"),
    (put("redacted", "url", "http://recorder.example/1"), "redacted.url", "not_https"),
    (put("parties", {}), "parties", "not_a_list"),
    (put("parties", 1, 5), "parties.1", "not_an_object"),
    (put("parties", 1, {}), "", ""),
    (put("parties", 0, "tel", 31), "parties.0.tel", "not_a_text"),
    (put("parties", 0, "type", ["person"]), "parties.0.type", "unknown_type"),
    (put("parties", 0, "role", "boss"), "parties.0.role", "unknown_role"),
    (put("parties", 0, "age", "9"), "parties.0.age", "unknown_member"),
    (put("dialog", 1, "type", "song"), "dialog.1.type", "unknown_type"),
    (drop("dialog", 1, "start"), "dialog.1.start", "not_an_instant"),
    (put("dialog", 1, "duration", True), "dialog.1.duration", "not_seconds"),
    (put("dialog", 1, "parties", [0, 2]), "dialog.1.parties", "no_such_place"),
    (put("dialog", 1, "parties", [0, [1, 3]]), "dialog.1.parties", "no_such_place"),
    (put("dialog", 1, "parties", [None, [0, 1]]), "", ""),
    (put("dialog", 1, "parties", 1), "", ""),
    (put("dialog", 1, "originator", -1), "dialog.1.originator", "no_such_place"),
    (put("dialog", 1, "disposition", "busy"), "dialog.1.disposition", "wrong_disposition"),
    (put("dialog", 1, "type", "incomplete"), "dialog.1.disposition", "wrong_disposition"),
    (put("dialog", 0, "content_hash", HASH), "dialog.0", "content_not_allowed"),
    (drop("dialog", 0, "recordings"), "dialog.0.recordings", "wrong_in_this_type"),
    (put("dialog", 0, "recordings", [0]), "dialog.0.recordings", "no_recording"),
    (put("dialog", 1, "recordings", [1]), "dialog.1.recordings", "wrong_in_this_type"),
    (put("dialog", 0, "recording_set", 0), "dialog.0.recording_set", "wrong_in_this_type"),
    (put("dialog", 1, "recording_set", 1), "dialog.1.recording_set", "no_recording_set"),
    (put("dialog", 1, "content_hash", "sha512-" + "a" * 128), "dialog.1.content_hash", "not_a_hash"),
    (put("dialog", 1, "content_hash", [HASH, HASH]), "", ""),
    (put("dialog", 0, "party_history", "none"), "dialog.0.party_history", "not_a_list"),
    (put("dialog", 0, "party_history", 0, "event", "sing"), "dialog.0.party_history.0", "not_an_event"),
    (put("dialog", 0, "party_history", 0, "party", 2), "dialog.0.party_history.0.party", "no_such_place"),
    (drop("redacted"), "dialog.1", "no_content"),
    (put("attachments", 0, "dialog", 9), "attachments.0.dialog", "no_such_place"),
    (drop("attachments", 0, "party"), "attachments.0.party", "no_such_place"),
    (drop("attachments", 0, "start"), "attachments.0.start", "not_an_instant"),
    (drop("attachments", 0, "mediatype"), "attachments.0.mediatype", "missing"),
    (put("attachments", 0, "encoding", "hex"), "attachments.0.encoding", "unknown_encoding"),
    (put("attachments", 0, "encoding", "none"), "attachments.0.body", "missing"),
    (put("attachments", 0, "url", "https://recorder.example/1"), "attachments.0", "two_contents"),
    (
        put(
            "analysis",
            [{"type": "summary", "vendor": "us", "dialog": 1, **INLINE, "encoding": "base64url", "body": "a+b"}],
        ),
        "analysis.0.body",
        "not_base64url",
    ),
    (put("analysis", [{"type": "summary", "vendor": "us", "dialog": [0, 1], **INLINE}]), "", ""),
    (put("analysis", [{"type": "summary", **INLINE}]), "analysis.0.vendor", "missing"),
    (
        put("analysis", [{"type": "t", "vendor": "us", "attachment": 4, **INLINE}]),
        "analysis.0.attachment",
        "no_such_place",
    ),
]


@pytest.mark.parametrize(("broken", "field", "problem"), BROKEN)
def test_a_broken_rule_is_named_with_its_place(
    document: dict[str, Any], broken: Callable[[dict[str, Any]], None], field: str, problem: str
) -> None:
    broken(document)
    found = faults(document)
    assert (field, problem) in found if problem else found == set()


def test_a_text_dialog_may_carry_its_content_or_say_where_it_is(document: dict[str, Any]) -> None:
    text = {"type": "text", "start": "2026-11-20T10:00:00+01:00", "parties": 0}
    document["dialog"] += [{**text, **INLINE}, {**text, "url": "https://recorder.example/1", "content_hash": HASH}]
    assert faults(document) == set()


def test_what_is_no_json_or_no_object_is_no_vcon() -> None:
    for data in (b"", b"[]", b"\xff", b'"vcon"', b"[" * 100_000):
        with pytest.raises(Malformed):
            read_vcon(data)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.text(max_size=6) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
PLACES = st.sampled_from([path for broken, field, _ in BROKEN if field for path in [tuple(field.split("."))]])


@given(place=PLACES, value=VALUES)
def test_whatever_stands_anywhere_the_check_answers(
    call: Callable[..., VCon], place: tuple[str, ...], value: Any
) -> None:
    document: Any = call().as_json()
    for step in place[:-1]:
        inner = document[int(step)] if isinstance(document, list) else document.get(step)
        if not isinstance(inner, dict | list) or (isinstance(inner, list) and not inner):
            break
        document = inner
    if isinstance(document, dict):
        document[place[-1]] = value
    faults(document)
    faults(value)
