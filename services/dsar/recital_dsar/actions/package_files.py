"""What is in a package, file by file and as a stream: recordings, a vCon per call, data as JSON, checksums, the index.

File names are ours alone: ids and fixed words, never what somebody gave. Nothing is held but one piece of one file.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from stat import S_IFREG
from typing import Any, cast
from uuid import UUID

from jinja2 import Environment
from recital_runtime import rfc3339
from stream_zip import ZIP_64, async_stream_zip

from recital_dsar.actions.conversations import Sounded, Teller, conversation_file, conversation_name
from recital_dsar.actions.means import Ordered
from recital_dsar.actions.package_sound import sounds_of
from recital_dsar.actions.packing import PACKED, Packing
from recital_dsar.actions.page import index_page
from recital_dsar.actions.part_reading import PartItem
from recital_dsar.actions.wording import THINGS
from recital_dsar.decisions.items import for_person
from recital_dsar.decisions.proposing import RECORDING
from recital_dsar.model import Decision, Item, Request, RequestKind

MODE = S_IFREG | 0o600
LAST = "SHA256SUMS"
NOTED_EVERY = 0.5  # seconds: how far it is is written down no more often
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

    @property
    def is_given(self) -> bool:
        """Whether the person gets it."""
        return self.item.decision is not Decision.WITHHOLD


@dataclass(slots=True)
class PackageFiles:
    """The files of one package, made while they are read; `note` is told now and then how many are in."""

    package: UUID
    request: Request
    items: Sequence[Given]
    ingest: Ordered
    now: datetime
    environment: Environment
    note: Callable[[int], Awaitable[None]]
    written: list[Written] = field(default_factory=list)
    erased: set[UUID] = field(default_factory=set)
    _sounds: defaultdict[UUID | None, list[Sounded]] = field(default_factory=lambda: defaultdict(list))
    _shrink: bool = False
    _packing: Packing = field(default_factory=lambda: Packing(shrink=False))
    _noted_at: float = 0.0

    async def zipped(self) -> AsyncGenerator[bytes, None]:
        """Give the package as a ZIP, in pieces.

        Raises Unavailable where ingest does not answer, TroubledItem where it refuses a recording as it was decided
        (as `not_separable`: a voice cannot be muted), and what `note` raises.
        """

        def compressor() -> Any:
            self._packing = Packing(shrink=self._shrink)
            return self._packing

        members = ((name, self.now, MODE, ZIP_64, chunks) async for name, chunks in self._files())
        # The extended time of a ZIP is a signed 32-bit number of seconds, which ends in January 2038.
        made = async_stream_zip(members, chunk_size=PACKED, get_compressobj=compressor, extended_timestamps=False)
        async with aclosing(cast("AsyncGenerator[bytes, None]", made)) as pieces:
            async for piece in pieces:
                yield piece

    async def _files(self) -> AsyncIterator[tuple[str, Chunks]]:
        contents = {each.item.id: each.content.content for each in self._recordings()}
        async with aclosing(sounds_of(self.ingest, [each.item for each in self._recordings()])) as sounds:
            async for sound in sounds:
                if await sound.is_there():
                    name = audio_name(sound.item)
                    yield name, self._noted(name, sound.chunks())
                    heard = Sounded(contents[sound.item.id], name, self._packing.sha512.digest())
                    self._sounds[sound.item.call].append(heard)
                else:
                    self.erased.add(sound.item.id)
        self._shrink = True
        for name, pieces in self._texts():
            yield name, self._noted(name, _aside(pieces))

    def _texts(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """The files that are computed here, in order: the index page and the checksums speak of those before them."""
        teller = self._teller()
        for each in self._calls():
            heard = self._sounds[each.item.thing]
            yield conversation_name(each.item.thing), [conversation_file(teller, each.content.content, heard)]
        for service in _services(self.request.kind, self.items):
            yield f"data/{service}.json", self._data_of(service)
        yield "data/request.json", [_json(self._request_facts())]
        yield "index.html", index_page(self.environment, self._page_facts())
        yield LAST, ["".join(f"{each.sha256}  {each.name}\n" for each in self.written).encode()]

    async def _noted(self, name: str, chunks: Chunks) -> Chunks:
        async for chunk in chunks:
            yield chunk
        # The ZIP asks for the next piece when it has packed the one before: all of this file went through.
        packed = self._packing
        self.written.append(Written(name, packed.size, packed.sha256.hexdigest()))
        now = asyncio.get_running_loop().time()
        if name == LAST or now >= self._noted_at + NOTED_EVERY:
            self._noted_at = now
            await self.note(len(self.written))

    def _given(self) -> Iterator[Given]:
        return (each for each in self.items if each.is_given)

    def _recordings(self) -> Iterator[Given]:
        return (each for each in self._given() if each.item.kind == RECORDING and each.item.thing is not None)

    def _calls(self) -> Iterator[Given]:
        return (each for each in self._given() if _is_conversation(each.item))

    def _teller(self) -> Teller:
        identities = {
            each.item.thing: each.content.content
            for each in self._given()
            if each.item.kind == "identity" and each.item.thing is not None
        }
        return Teller(self.package, self.now, frozenset(self.request.subjects or ()), identities)

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
            {"kind": each.item.kind, "at": _when(each.item.at), "ground": each.ground, "reason": each.item.reason}
            for each in self.items
            if not each.is_given
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
            "conversations": [conversation_name(each.item.thing) for each in self._calls()],
            "withheld": self._withheld(),
        }

    def _page_facts(self) -> dict[str, Any]:
        return {
            "language": self.request.language,
            "kind": self.request.kind.value,
            "request": str(self.request.id),
            "received_on": self.request.deadlines.received_on.isoformat(),
            "items": len(self.items),
            "given": sum(1 for _ in self._given()),
            "recordings": self._heard(),
            "withheld": self._withheld(),
            "corrections": [fact for each in self._given() for fact in corrections_of(self._content(each))],
            "words": THINGS,
            "data": ({"kind": each.item.kind, "content": self._content(each)} for each in self._given()),
            "files": self.written,
        }


def corrections_of(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what was corrected of an item (AVG art. 16): of what, when, and how it should be read.

    Consent names them by themselves; beside a recording they are annotations among others.
    """
    what = {"kind": content.get("kind"), "about": content.get("at")}
    beside = [each for each in content.get("annotations") or () if each.get("kind") == "rectification"]
    return [
        {**what, "at": each.get("at") or each.get("made_at"), "text": each.get("text")}
        for each in (*(content.get("rectifications") or ()), *beside)
    ]


def audio_name(item: Item) -> str:
    """Return the file name of a recording in a package."""
    return f"audio/{item.thing}.wav"


def file_count(kind: RequestKind, items: Sequence[Item]) -> int:
    """Return how many files a package of these decided items has at most."""
    given = [each for each in items if each.decision is not Decision.WITHHOLD]
    sounds = sum(each.kind == RECORDING for each in given)
    services = _services(kind, [Given(each, _NOTHING, None) for each in items])
    return sounds + sum(map(_is_conversation, given)) + len(services) + 3


_NOTHING = PartItem("", None, None, (), {})


def _is_conversation(item: Item) -> bool:
    return item.kind == "call" and item.thing is not None and item.at is not None


def _services(kind: RequestKind, items: Iterable[Given]) -> list[str]:
    """Whose data has a file: who handed something in, for a portable copy who handed in something that is given."""
    portable = kind is RequestKind.PORTABILITY
    return sorted({each.item.service for each in items if each.is_given or not portable})


async def _aside(pieces: Iterable[bytes]) -> Chunks:
    """Give pieces that are computed here, letting other work in between."""
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _when(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)
