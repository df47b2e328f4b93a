"""What a log's leaf says, and its bytes. An entry holds ids only; everything else is behind a salted commitment.

The salt lives in the row that the entry commits to and dies with it: after an erasure the leaf stays, and says nothing.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self, TypeAlias
from uuid import UUID

import rfc8785
from recital_errors import Malformed

from recital_ledger.hashing import leaf_hash

__all__ = ["SALT_SIZE", "Entry", "Json", "canonical", "commitment", "instant", "leaf_data", "read_instant"]

Json: TypeAlias = str | int | float | bool | Sequence["Json"] | Mapping[str, "Json"] | None

SALT_SIZE = 16  # bytes
_LARGEST_WHOLE = 2**53 - 1  # RFC 7493 2.2
_FIRST_WITH_EXPONENT = 1e21
# Spells strings, names, whole numbers and literals as RFC 8785 does, and sorts by code points: the same for ASCII.
_SPELL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
_MEMBERS = frozenset({"id", "kind", "at", "facts", "commitment"})
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_COMMITMENT = re.compile(r"[0-9a-f]{64}")


def canonical(value: Json) -> bytes:
    """The one spelling of a JSON value (RFC 8785).

    Raises Malformed `not_canonical` for what has none that everybody reads back: NaN, lone surrogates, and whole
    numbers beyond 2 ** 53 - 1.
    """
    try:
        return _SPELL(value).encode() if _is_simple(value) else rfc8785.dumps(_plain(value))
    except (ValueError, RecursionError):
        raise Malformed("not_canonical", "This value has no canonical JSON form.") from None


def _is_simple(value: Any) -> bool:
    """Whether the interpreter's own encoder spells a value as RFC 8785 does, ten times as fast: no fractions, no names
    beyond ASCII (which are sorted by UTF-16 units), nothing but the plain types.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return bool(-_LARGEST_WHOLE <= value <= _LARGEST_WHOLE)
    if kind is dict:
        return all(type(name) is str and name.isascii() and _is_simple(each) for name, each in value.items())
    return (kind is list or kind is tuple) and all(map(_is_simple, value))


def _plain(value: Json) -> Any:
    if isinstance(value, Mapping):  # rfc8785 takes exactly dicts and lists
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    # RFC 8785 spells these without an exponent, so that a reader takes them for integers it must refuse.
    if isinstance(value, float) and _LARGEST_WHOLE < abs(value) < _FIRST_WITH_EXPONENT:
        raise ValueError(value)
    return value


def commitment(salt: bytes, details: Mapping[str, Json]) -> str:
    """Commits to details without showing them: hex of SHA-256 over salt (16 random bytes) and canonical details.

    Raises ValueError for a salt of another length, since then salt and details could be moved into each other.
    """
    if len(salt) != SALT_SIZE:
        raise ValueError(f"a salt has {SALT_SIZE} bytes")
    return hashlib.sha256(salt + canonical(details)).hexdigest()


def leaf_data(entry: Mapping[str, Json]) -> bytes:
    """The bytes of a leaf from an entry's JSON form, as an outsider received it: these go into `leaf_hash`.

    Raises Malformed `entry_malformed` if members are missing, added, or not in their one spelling.
    """
    return Entry.read(entry).data()


def instant(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds and `Z`: one spelling per instant. Raises ValueError without a time zone."""
    if at.tzinfo is None:
        raise ValueError("an instant has a time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def read_instant(text: str) -> datetime:
    """The reverse of `instant`. Raises ValueError for any other spelling."""
    if _INSTANT.fullmatch(text) is None:
        raise ValueError(f"not an instant: {text!r}")
    return datetime.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class Entry:
    """One leaf: what kind of thing happened, when, to which ids, and a commitment to the rest."""

    id: UUID
    kind: str
    at: datetime
    facts: Mapping[str, Json]
    commitment: str

    @classmethod
    def read(cls, entry: Mapping[str, Json]) -> Self:
        """From the JSON form. Raises Malformed `entry_malformed` if it is not exactly what `as_json` gives."""
        try:
            found = cls._read(entry)
        except (ValueError, TypeError):
            found = None
        if found is None or canonical(found.as_json()) != canonical(entry):
            raise Malformed("entry_malformed", "This is not an entry of a ledger.")
        return found

    @classmethod
    def _read(cls, entry: Mapping[str, Json]) -> Self | None:
        facts, committed = entry.get("facts"), str(entry.get("commitment"))
        if entry.keys() != _MEMBERS or not isinstance(facts, Mapping) or _COMMITMENT.fullmatch(committed) is None:
            return None
        return cls(
            id=UUID(str(entry["id"])),
            kind=str(entry["kind"]),
            at=read_instant(str(entry["at"])),
            facts=facts,
            commitment=committed,
        )

    def as_json(self) -> dict[str, Json]:
        """The JSON form: what is hashed, and what is shown."""
        return {
            "id": str(self.id),
            "kind": self.kind,
            "at": instant(self.at),
            "facts": self.facts,
            "commitment": self.commitment,
        }

    def data(self) -> bytes:
        """The leaf's bytes: the canonical JSON form."""
        return canonical(self.as_json())

    def leaf_hash(self) -> bytes:
        """The leaf's hash, as it goes into the log."""
        return leaf_hash(self.data())
