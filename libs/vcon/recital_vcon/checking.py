"""Whether a document is a vCon: every rule of draft-ietf-vcon-vcon-core 0.4.0 that Recital's vCons live by.

Stricter than the working group's own schema, which lets unknown members, wrong places and two contents at once pass.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from recital_errors import FieldError, Malformed

from recital_vcon.identifiers import CONTENT_HASH
from recital_vcon.lawful_basis import LAWFUL_BASIS, check_body
from recital_vcon.texts import is_instant

VERSION = "0.4.0"
MEDIA_TYPE = "application/vcon"
UNDERSTOOD = frozenset({"CC", LAWFUL_BASIS})
"""The extensions known here: one that is critical and not among them must be refused (4.1.6)."""

_EVENTS = frozenset({"join", "drop", "hold", "unhold", "mute", "unmute", "keydown", "keyup"})
_DISPOSITIONS = frozenset({"no-answer", "congestion", "failed", "busy", "hung-up", "voicemail-no-message"})
_TYPES = frozenset({"person", "bot", "organization"})
_ROLES = frozenset({"agent", "customer", "supervisor", "sme", "thirdparty", "other"})
_CONTENTLESS = frozenset({"transfer", "incomplete", "recording-set"})
_CONTENT = frozenset({"body", "encoding", "url", "content_hash"})
_ENCODINGS = frozenset({"base64url", "json", "none"})
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_TRANSFER = frozenset({"transferee", "transferor", "transfer_target", "original", "consultation", "target_dialog"})
_FILE = frozenset({"mediatype", "filename"}) | _CONTENT
_TOP = {
    "vcon", "uuid", "created_at", "updated_at", "extensions", "critical", "subject", "redacted", "amended",
    "parties", "dialog", "analysis", "attachments",
}  # fmt: skip
_PARTY = {
    "tel", "sip", "stir", "mailto", "name", "did", "validation", "gmlpos", "civicaddress", "uuid", "type", "org",
    "dept", "role", "contact_list",
}  # fmt: skip
_DIALOG = {
    "type", "start", "duration", "parties", "originator", "recordings", "recording_set", "disposition", "session_id",
    "party_history", "application", "message_id", "campaign", "interaction_type", "interaction_id", "skill",
} | _FILE | _TRANSFER  # fmt: skip
_ATTACHMENT = {"purpose", "start", "party", "dialog"} | _FILE
_ANALYSIS = {"type", "vendor", "product", "schema", "dialog", "attachment"} | _FILE
Faults = Iterator[FieldError]


def read_vcon(data: bytes) -> dict[str, Any]:
    """Return the document in these bytes; raises Malformed `vcon_malformed` with each fault."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise Malformed("vcon_malformed", "This is no JSON.") from None
    check(document)
    return dict(document)


def check(document: Any) -> None:
    """Check a document against every rule; raises Malformed `vcon_malformed` with each fault and its place."""
    faults = list(_document(document))
    if faults:
        raise Malformed("vcon_malformed", f"This is no vCon {VERSION}: {len(faults)} faults.", fields=faults)


def _document(document: Any) -> Faults:
    if not isinstance(document, Mapping):
        yield FieldError("", "not_an_object")
        return
    yield from _unknown(document, _TOP, "")
    if document.get("vcon", VERSION) != VERSION:
        yield FieldError("vcon", "unknown_version")
    if not _is_uuid(document.get("uuid")):
        yield FieldError("uuid", "not_a_uuid")
    if not is_instant(document.get("created_at")):
        yield FieldError("created_at", "not_an_instant")
    if "updated_at" in document and not is_instant(document["updated_at"]):
        yield FieldError("updated_at", "not_an_instant")
    yield from _extensions(document)
    yield from _versions(document)
    for name, each_of in (
        ("parties", _party), ("dialog", _dialog), ("analysis", _analysis), ("attachments", _attachment)
    ):  # fmt: skip
        yield from _listed(document, name, each_of)


def _extensions(document: Mapping[str, Any]) -> Faults:
    named, critical = document.get("extensions", []), document.get("critical", [])
    for name, listed in (("extensions", named), ("critical", critical)):
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            yield FieldError(name, "not_names")
            return
    if set(critical) - set(named):
        yield FieldError("critical", "not_in_extensions")
    if set(critical) - UNDERSTOOD:
        yield FieldError("critical", "not_understood")


def _versions(document: Mapping[str, Any]) -> Faults:
    """A vCon is made of another by taking out or by adding, never both; a location needs the hash (4.1.8, 4.1.9)."""
    if "redacted" in document and "amended" in document:
        yield FieldError("amended", "redacted_too")
    for name in ("redacted", "amended"):
        if name not in document:
            continue
        other = document[name]
        if not isinstance(other, Mapping):
            yield FieldError(name, "not_an_object")
            continue
        yield from _unknown(other, {"uuid", "type", "url", "content_hash"}, f"{name}.")
        if "uuid" in other and not _is_uuid(other["uuid"]):
            yield FieldError(f"{name}.uuid", "not_a_uuid")
        if name == "redacted" and not isinstance(other.get("type"), str):
            yield FieldError("redacted.type", "missing")
        if name == "amended" and not {"uuid", "url"} & set(other):
            yield FieldError("amended.uuid", "missing")
        yield from _elsewhere(other, name, absent_is_fine=True)


def _listed(
    document: Mapping[str, Any], name: str, each_of: Callable[[Mapping[str, Any], Mapping[str, Any], str], Faults]
) -> Faults:
    listed = document.get(name, [])
    if not isinstance(listed, list):
        yield FieldError(name, "not_a_list")
        return
    for number, each in enumerate(listed):
        if not isinstance(each, Mapping):
            yield FieldError(f"{name}.{number}", "not_an_object")
        elif each:  # An empty one keeps the place of something that was taken out.
            yield from each_of(document, each, f"{name}.{number}")


def _party(_: Mapping[str, Any], party: Mapping[str, Any], path: str) -> Faults:
    yield from _unknown(party, _PARTY, f"{path}.")
    for name, value in party.items():
        if name not in ("civicaddress", "contact_list") and not isinstance(value, str):
            yield FieldError(f"{path}.{name}", "not_a_text")
    if not _is_one(party.get("type", "person"), _TYPES):
        yield FieldError(f"{path}.type", "unknown_type")
    if not _is_one(party.get("role", "other"), _ROLES):
        yield FieldError(f"{path}.role", "unknown_role")


def _dialog(document: Mapping[str, Any], dialog: Mapping[str, Any], path: str) -> Faults:
    yield from _unknown(dialog, _DIALOG, f"{path}.")
    kind = dialog.get("type")
    if not _is_one(kind, _CONTENTLESS | {"recording", "text"}):
        yield FieldError(f"{path}.type", "unknown_type")
        return
    if not is_instant(dialog.get("start")):
        yield FieldError(f"{path}.start", "not_an_instant")
    duration = dialog.get("duration", 0)
    if isinstance(duration, bool) or not isinstance(duration, int | float) or duration < 0:
        yield FieldError(f"{path}.duration", "not_seconds")
    if kind in _CONTENTLESS and _CONTENT & set(dialog):
        yield FieldError(path, "content_not_allowed")
    if kind not in _CONTENTLESS:
        yield from _content(document, dialog, path)
    if (kind == "incomplete") is not _is_one(dialog.get("disposition"), _DISPOSITIONS):
        yield FieldError(f"{path}.disposition", "wrong_disposition")
    yield from _set(document, dialog, path)
    yield from _places(document, "parties", dialog.get("parties", []), f"{path}.parties")
    if "originator" in dialog:
        yield from _places(document, "parties", dialog["originator"], f"{path}.originator")
    yield from _history(document, dialog.get("party_history", []), f"{path}.party_history")


def _set(document: Mapping[str, Any], dialog: Mapping[str, Any], path: str) -> Faults:
    """A recording-set names its recordings, and only they name it (4.3.6, 4.3.7)."""
    if (dialog["type"] == "recording-set") is not ("recordings" in dialog):
        yield FieldError(f"{path}.recordings", "wrong_in_this_type")
    if dialog["type"] != "recording" and "recording_set" in dialog:
        yield FieldError(f"{path}.recording_set", "wrong_in_this_type")
    yield from _places(document, "dialog", dialog.get("recordings", []), f"{path}.recordings", of_type="recording")
    if "recording_set" in dialog:
        where = f"{path}.recording_set"
        yield from _places(document, "dialog", dialog["recording_set"], where, of_type="recording-set")


def _history(document: Mapping[str, Any], history: Any, path: str) -> Faults:
    if not isinstance(history, list):
        yield FieldError(path, "not_a_list")
        return
    for number, each in enumerate(history):
        if not isinstance(each, Mapping) or not _is_one(each.get("event"), _EVENTS) or not is_instant(each.get("time")):
            yield FieldError(f"{path}.{number}", "not_an_event")
        else:
            yield from _places(document, "parties", each.get("party"), f"{path}.{number}.party")


def _attachment(document: Mapping[str, Any], attachment: Mapping[str, Any], path: str) -> Faults:
    yield from _unknown(attachment, _ATTACHMENT, f"{path}.")
    if not is_instant(attachment.get("start")):
        yield FieldError(f"{path}.start", "not_an_instant")
    yield from _places(document, "parties", attachment.get("party"), f"{path}.party")
    yield from _places(document, "dialog", attachment.get("dialog"), f"{path}.dialog")
    yield from _content(document, attachment, path)
    if attachment.get("purpose") == LAWFUL_BASIS:
        if LAWFUL_BASIS not in _list(document, "extensions"):
            yield FieldError("extensions", "lawful_basis_not_named")
        if attachment.get("encoding") != "json":
            yield FieldError(f"{path}.encoding", "not_json")
        yield from check_body(attachment.get("body"), f"{path}.body", vcon=document.get("uuid"))


def _analysis(document: Mapping[str, Any], analysis: Mapping[str, Any], path: str) -> Faults:
    yield from _unknown(analysis, _ANALYSIS, f"{path}.")
    for name in ("type", "vendor"):
        if not isinstance(analysis.get(name), str):
            yield FieldError(f"{path}.{name}", "missing")
    yield from _places(document, "dialog", analysis.get("dialog", []), f"{path}.dialog")
    yield from _places(document, "attachments", analysis.get("attachment", []), f"{path}.attachment")
    yield from _content(document, analysis, path)


def _content(document: Mapping[str, Any], holder: Mapping[str, Any], path: str) -> Faults:
    """Content is a body with its encoding or a place with its hash; both may be absent where it was redacted (2.3)."""
    if "body" not in holder and "encoding" not in holder:
        yield from _elsewhere(holder, path, absent_is_fine="redacted" in document)
        return
    if {"url", "content_hash"} & set(holder):
        yield FieldError(path, "two_contents")
    encoding, body = holder.get("encoding"), holder.get("body")
    if not _is_one(encoding, _ENCODINGS):
        yield FieldError(f"{path}.encoding", "unknown_encoding")
    elif "body" not in holder or (encoding != "json" and not isinstance(body, str)):
        yield FieldError(f"{path}.body", "missing")
    elif encoding == "base64url" and not _BASE64URL.fullmatch(str(body)):
        yield FieldError(f"{path}.body", "not_base64url")
    if not isinstance(holder.get("mediatype"), str):
        yield FieldError(f"{path}.mediatype", "missing")


def _elsewhere(holder: Mapping[str, Any], path: str, *, absent_is_fine: bool) -> Faults:
    url, stated = holder.get("url"), holder.get("content_hash")
    if url is None and not absent_is_fine:
        yield FieldError(path, "no_content")
    if url is not None and not (isinstance(url, str) and url.startswith("https://")):
        yield FieldError(f"{path}.url", "not_https")
    if url is not None and stated is None:
        yield FieldError(f"{path}.content_hash", "missing")
    hashes = stated if isinstance(stated, list) else [stated]
    if stated is not None and not all(isinstance(each, str) and CONTENT_HASH.fullmatch(each) for each in hashes):
        yield FieldError(f"{path}.content_hash", "not_a_hash")


def _places(document: Mapping[str, Any], name: str, stated: Any, path: str, *, of_type: str | None = None) -> Faults:
    """Give a fault for each place that is not in the list it points into; None is an unused channel in a list."""
    listed = _list(document, name)
    for place in _flat(stated):
        if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < len(listed):
            yield FieldError(path, "no_such_place")
        elif of_type is not None and not (isinstance(listed[place], Mapping) and listed[place].get("type") == of_type):
            yield FieldError(path, f"no_{of_type.replace('-', '_')}")


def _flat(stated: Any) -> Iterable[Any]:
    if not isinstance(stated, list):
        return [stated]
    return [inner for each in stated if each is not None for inner in (each if isinstance(each, list) else [each])]


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    listed = document.get(name, [])
    return listed if isinstance(listed, list) else []


def _is_one(value: object, words: frozenset[str]) -> bool:
    return isinstance(value, str) and value in words


def _unknown(found: Mapping[str, Any], known: Iterable[str], path: str) -> Faults:
    for name in sorted(set(found) - set(known)):
        yield FieldError(f"{path}{name}", "unknown_member")


def _is_uuid(value: object) -> bool:
    try:
        return str(UUID(str(value))) == value
    except ValueError:
        return False
