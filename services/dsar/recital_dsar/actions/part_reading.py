"""The parts of a collection as they come over the wire: one JSON document with `items`, each with kind, id and content.

What an item says is passed on into the package as it is; here only what decisions need is understood.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from recital_errors import Unavailable

from recital_dsar.model import Party


@dataclass(frozen=True, slots=True)
class PartItem:
    """One thing in a part: what decisions need of it, and all it says."""

    kind: str
    thing: UUID | None
    at: datetime | None
    parties: tuple[Party, ...]
    content: Mapping[str, Any]
    call: UUID | None = None
    bases: tuple[str, ...] = ()
    held: bool = False


@dataclass(frozen=True, slots=True)
class PartDocument:
    """A part that was read: its items, and size and hash of exactly the bytes that came."""

    items: tuple[PartItem, ...]
    size: int
    sha256: str


async def read_part(chunks: AsyncIterator[bytes]) -> PartDocument:
    """Read a part whole; a document that cannot be understood has no items, so that it never agrees with its count.

    Raises Unavailable `part_unreadable` where bytes came that are no such document.
    """
    body = bytearray()
    async for chunk in chunks:
        body += chunk
    return understood(bytes(body))


def understood(body: bytes) -> PartDocument:
    """Return what the bytes of a part say; raises Unavailable `part_unreadable`."""
    try:
        document = json.loads(body)
        items = tuple(_item(each) for each in document["items"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unavailable("part_unreadable", "A part is not a document of items.") from None
    return PartDocument(items, len(body), hashlib.sha256(body).hexdigest())


def _item(content: Mapping[str, Any]) -> PartItem:
    at = content.get("at")
    return PartItem(
        kind=str(content["kind"]),
        thing=UUID(content["id"]) if content.get("id") else None,
        at=datetime.fromisoformat(at).astimezone(UTC) if at else None,
        parties=tuple(_party(each) for each in content.get("parties") or ()),
        content=content,
        call=UUID(content["call"]) if content.get("call") else None,
        bases=tuple(sorted({str(each["basis"]) for each in content.get("purposes") or () if isinstance(each, dict)})),
        held=content.get("held") is True,
    )


def _party(content: Mapping[str, Any]) -> Party:
    subject = content.get("subject")
    channel = content.get("channel")
    return Party(
        str(content["party"]),
        str(content["kind"]),
        UUID(subject) if subject else None,
        channel if isinstance(channel, int) else None,
    )
