"""What is in a package, file by file and as a stream: recordings, data as JSON, checksums and the index page.

File names are ours alone: ids and fixed words, never what somebody gave. Nothing is held but one piece of one file.
"""

import asyncio
import hashlib
import json
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from stat import S_IFREG
from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

from jinja2 import Environment
from recital_errors import Conflict, RecitalError, Unavailable
from recital_runtime import rfc3339
from stream_zip import ZIP_64, async_stream_zip

from recital_dsar.actions.means import Ordered
from recital_dsar.actions.page import index_page
from recital_dsar.actions.part_reading import PartItem
from recital_dsar.decisions.items import RECORDING, for_person
from recital_dsar.decisions.retry import pause
from recital_dsar.model import Decision, Item, Request

MODE = S_IFREG | 0o600
# Speech hardly shrinks, and shrinking it would take thirty times as long as copying it: sound is stored as it is.
STORED, SHRUNK = 0, 6
PIECE = 1 << 20
TRIES = 5
GONE = frozenset({404, 410})
# Refused for now: our own token or pace, not the item.
PASSING = frozenset({401, 429})
Chunks = AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is in: its name, plain size and SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Given:
    """An item, what its owner's part says of it, and the ground of the decision on it."""

    item: Item
    content: PartItem
    ground: str | None


@dataclass(slots=True)
class PackageFiles:
    """The files of one package, made while they are read; `note` is told after each how many are in."""

    request: Request
    items: Sequence[Given]
    ingest: Ordered
    now: datetime
    environment: Environment
    note: Callable[[int], Awaitable[None]]
    written: list[Written] = field(default_factory=list)
    erased: set[UUID] = field(default_factory=set)
    _level: int = STORED

    async def zipped(self) -> AsyncGenerator[bytes, None]:
        """Give the package as a ZIP, in pieces.

        Raises Unavailable where ingest does not answer, TroubledItem where it refuses a recording as it was decided
        (as `not_separable`: a voice cannot be muted), and what `note` raises.
        """

        def compressor() -> Any:
            return zlib.compressobj(level=self._level, wbits=-zlib.MAX_WBITS)

        members = ((name, self.now, MODE, ZIP_64, chunks) async for name, chunks in self._files())
        # The extended time of a ZIP is a signed 32-bit number of seconds, which ends in January 2038.
        made = async_stream_zip(members, chunk_size=PIECE, get_compressobj=compressor, extended_timestamps=False)
        async with aclosing(cast("AsyncGenerator[bytes, None]", made)) as pieces:
            async for piece in pieces:
                yield piece

    async def _files(self) -> AsyncIterator[tuple[str, Chunks]]:
        for given in self._recordings():
            name = audio_name(given.item)
            sound = _Sound(self.ingest, given.item)
            if await sound.opens():
                yield name, self._noted(name, sound.chunks())
            else:
                self.erased.add(given.item.id)
        self._level = SHRUNK
        services = sorted({each.item.service for each in self.items})
        for service in services:
            name = f"data/{service}.json"
            yield name, self._noted(name, _aside(self._data_of(service)))
        yield "data/request.json", self._noted("data/request.json", _aside([_json(self._request_facts())]))
        yield "index.html", self._noted("index.html", _aside(index_page(self.environment, self._page_facts())))
        sums = "".join(f"{each.sha256}  {each.name}\n" for each in self.written).encode()
        yield "SHA256SUMS", self._noted("SHA256SUMS", _aside([sums]))

    async def _noted(self, name: str, chunks: Chunks) -> Chunks:
        size, digest = 0, hashlib.sha256()
        async for chunk in chunks:
            size += len(chunk)
            digest.update(chunk)
            yield chunk
        self.written.append(Written(name, size, digest.hexdigest()))
        await self.note(len(self.written))

    def _given(self) -> Iterator[Given]:
        return (each for each in self.items if each.item.decision is not Decision.WITHHOLD)

    def _recordings(self) -> Iterator[Given]:
        return (each for each in self._given() if each.item.kind == RECORDING and each.item.thing is not None)

    def _data_of(self, service: str) -> Iterator[bytes]:
        head = {"service": service, "request": str(self.request.id)}
        yield _json(head)[:-1] + b', "items": ['
        comma = b""
        for each in self._given():
            if each.item.service == service:
                yield comma + _json(self._content(each))
                comma = b",\n"
        yield b"]}"

    def _content(self, given: Given) -> dict[str, Any]:
        """What an item says, without the ids by which we know other people (R13)."""
        return for_person(given.content.content, self.request.subjects or ())

    def _withheld(self) -> list[dict[str, str | None]]:
        return [
            {"kind": each.item.kind, "at": _when(each.item.at), "ground": each.ground}
            for each in self.items
            if each.item.decision is Decision.WITHHOLD
        ]

    def _heard(self) -> list[dict[str, Any]]:
        return [
            {
                "recording": str(each.item.thing),
                "at": _when(each.item.at),
                "file": None if each.item.id in self.erased else audio_name(each.item),
                "mute": list(each.item.mute),
                "ground": each.ground,
            }
            for each in self._recordings()
        ]

    def _request_facts(self) -> dict[str, Any]:
        return {
            "request": str(self.request.id),
            "kind": self.request.kind.value,
            "received_on": self.request.deadlines.received_on.isoformat(),
            "made_at": rfc3339(self.now),
            "recordings": self._heard(),
            "withheld": self._withheld(),
        }

    def _page_facts(self) -> dict[str, Any]:
        return {
            "language": self.request.language,
            "request": str(self.request.id),
            "received_on": self.request.deadlines.received_on.isoformat(),
            "items": len(self.items),
            "given": sum(1 for _ in self._given()),
            "recordings": self._heard(),
            "withheld": self._withheld(),
            "data": ({"kind": each.item.kind, "content": self._content(each)} for each in self._given()),
            "files": self.written,
        }


class TroubledItem(Conflict):
    """An item cannot be given as it was decided."""

    def __init__(self, item: Item, code: str) -> None:
        """`code` says why; the officer must decide anew."""
        super().__init__(code)
        self.item = item


class _Sound:
    """One recording's audio from ingest, under a grant of its own, with the decided voices muted."""

    def __init__(self, ingest: Ordered, item: Item) -> None:
        self._ingest, self._item = ingest, item
        self._grant: str | None = None

    async def opens(self) -> bool:
        """Whether ingest grants the sound; false where it has been erased. Waits for a silent ingest a few times."""
        for tried in range(TRIES):
            try:
                return await self._granted()
            except Unavailable:
                if tried == TRIES - 1:
                    raise
                await asyncio.sleep(pause(tried).total_seconds())
        raise AssertionError

    async def chunks(self) -> Chunks:
        """The WAV as ingest streams it."""
        mute = f"&mute={quote(','.join(self._item.mute))}" if self._item.mute else ""
        path = f"/v1/recordings/{self._item.thing}/audio?grant={self._grant}{mute}"
        async with self._ingest.neighbour.stream(path, token=self._ingest.token()) as answer:
            if not answer.is_success:
                await answer.aread()
                raise _why(self._item, answer.status_code, answer.json())
            async for chunk in answer.aiter_bytes():
                yield chunk

    async def _granted(self) -> bool:
        answer = await self._ingest.neighbour.post(
            f"/v1/recordings/{self._item.thing}/grants",
            token=self._ingest.token(),
            json={
                "purpose": "subject_request",
                "reason": "Copy for the person who asked (R12).",
                "ticket": str(self._ingest.order.request),
            },
            within=5.0,
        )
        if answer.status_code in GONE:
            return False
        if not answer.is_success:
            raise _why(self._item, answer.status_code, answer.json())
        self._grant = str(answer.json()["id"])
        return True


def audio_name(item: Item) -> str:
    """Return the file name of a recording in a package."""
    return f"audio/{item.thing}.wav"


def file_count(items: Iterable[Item]) -> int:
    """Return how many files a package of these decided items has at most."""
    listed = list(items)
    sounds = [each for each in listed if each.kind == RECORDING and each.decision is not Decision.WITHHOLD]
    return len(sounds) + len({each.service for each in listed}) + 3


def _why(item: Item, status: int, problem: Mapping[str, Any]) -> RecitalError:
    if status in PASSING:
        return Unavailable("audio_not_given", "Ingest does not give a recording yet.")
    return TroubledItem(item, str(problem.get("code", "audio_refused")))


async def _aside(pieces: Iterable[bytes]) -> Chunks:
    """Give pieces that are computed here, letting other work in between."""
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _when(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)
