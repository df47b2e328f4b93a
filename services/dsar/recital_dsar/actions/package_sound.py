"""The audio of a package from ingest: each recording under a grant of its own, with the decided voices muted.

Grants are asked for a few recordings ahead and the next recording is read while this one is written, so that neither
ingest nor we wait for the other between two files. What is read ahead is a few MiB, whatever a recording's length.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from recital_errors import Conflict, RecitalError, Unavailable

from recital_dsar.actions.means import Ordered
from recital_dsar.actions.packing import PIECE
from recital_dsar.decisions.retry import pause
from recital_dsar.model import Item

TRIES = 5
PIECES_AHEAD = 3
AHEAD = 6
"""For how many recordings grants are asked before their turn; each lives for 15 minutes."""
GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
# Refused for now: our own token or pace, not the item.
PASSING = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS})


class TroubledItem(Conflict):
    """An item cannot be given as it was decided."""

    def __init__(self, item: Item, code: str) -> None:
        """`code` says why; the officer must decide anew."""
        super().__init__(code)
        self.item = item


class Sound:
    """One recording's audio: its grant is asked at once, its bytes are read from its turn on."""

    def __init__(self, ingest: Ordered, item: Item) -> None:
        """Begin to ask for the grant; `stop` must be called at last."""
        self._ingest, self.item = ingest, item
        self._grant: str | None = None
        self._known, self._turn = asyncio.Event(), asyncio.Event()
        self._room = asyncio.Semaphore(PIECES_AHEAD)
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._work = asyncio.create_task(self._run())

    def begin(self) -> None:
        """Let the audio be read, as far as there is room for it."""
        self._turn.set()

    async def is_there(self) -> bool:
        """Whether ingest grants it; false where it has been erased. Raises Unavailable, TroubledItem."""
        await self._known.wait()
        if self._grant is None:
            await self._work
        return self._grant is not None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The WAV as ingest streams it. Raises Unavailable, or TroubledItem where it refuses it as decided."""
        while (piece := await self._pieces.get()) is not None:
            self._room.release()
            yield piece
        await self._work

    async def stop(self) -> None:
        """Ask and read no more."""
        self._work.cancel()
        await asyncio.gather(self._work, return_exceptions=True)

    async def _run(self) -> None:
        try:
            self._grant = await _grant(self._ingest, self.item)
            if self._grant is not None:
                self._known.set()
                await self._turn.wait()
                await self._read()
        finally:
            self._known.set()
            self._pieces.put_nowait(None)

    async def _read(self) -> None:
        mute = f"&mute={quote(','.join(self.item.mute))}" if self.item.mute else ""
        path = f"/v1/recordings/{self.item.thing}/audio?grant={self._grant}{mute}"
        async with self._ingest.neighbour.stream(path, token=self._ingest.token()) as answer:
            if not answer.is_success:
                await answer.aread()
                raise _why(self.item, answer.status_code, answer.json())
            async for piece in _pieces(answer.aiter_bytes()):
                await self._room.acquire()
                self._pieces.put_nowait(piece)


async def sounds_of(ingest: Ordered, items: Iterable[Item]) -> AsyncGenerator[Sound, None]:
    """Give the audio of recordings in their order, each to be read before the next is asked for."""
    left, waiting = iter(items), deque[Sound]()
    sound: Sound | None = None
    try:
        while True:
            while len(waiting) < AHEAD and (item := next(left, None)) is not None:
                waiting.append(Sound(ingest, item))
            if not waiting:
                return
            sound = waiting.popleft()
            sound.begin()
            if waiting:
                waiting[0].begin()
            yield sound
            await sound.stop()
    finally:
        for each in (sound, *waiting):
            if each is not None:
                await each.stop()


async def _pieces(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lay what comes off the wire together into pieces of exactly the right size, but for the last."""
    held: list[bytes] = []
    room = PIECE
    async for chunk in chunks:
        rest = chunk
        while len(rest) >= room:
            held.append(rest[:room])
            yield b"".join(held)
            rest, held, room = rest[room:], [], PIECE
        held.append(rest)
        room -= len(rest)
    if room < PIECE:
        yield b"".join(held)


async def _grant(ingest: Ordered, item: Item) -> str | None:
    """Return a grant to hear a recording, None where it has been erased. Waits for a silent ingest a few times."""
    for tried in range(TRIES):
        try:
            return await _granted(ingest, item)
        except Unavailable:
            if tried == TRIES - 1:
                raise
            await asyncio.sleep(pause(tried).total_seconds())
    raise AssertionError


async def _granted(ingest: Ordered, item: Item) -> str | None:
    answer = await ingest.neighbour.post(
        f"/v1/recordings/{item.thing}/grants",
        token=ingest.token(),
        json={
            "purpose": "subject_request",
            "reason": "Copy for the person who asked (R12).",
            "ticket": str(ingest.order.request),
        },
        within=5.0,
    )
    if answer.status_code in GONE:
        return None
    if not answer.is_success:
        raise _why(item, answer.status_code, answer.json())
    return str(answer.json()["id"])


def _why(item: Item, status: int, problem: Mapping[str, Any]) -> RecitalError:
    if status in PASSING:
        return Unavailable("audio_not_given", "Ingest does not give a recording yet.")
    return TroubledItem(item, str(problem.get("code", "audio_refused")))
