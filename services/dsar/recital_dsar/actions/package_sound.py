"""The audio of a package from ingest: each recording under a grant of its own, with the decided voices muted.

Grants are asked for a few recordings ahead, so that nobody waits for one between two files.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from recital_errors import Conflict, RecitalError, Unavailable

from recital_dsar.actions.means import Ordered
from recital_dsar.decisions.retry import pause
from recital_dsar.model import Item

TRIES = 5
PIECE = 1 << 20
"""Bytes in which sound is passed on: each piece is handed from thread to thread several times."""
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
    """One recording's audio under its grant; without a grant it has been erased."""

    def __init__(self, ingest: Ordered, item: Item, grant: str | None) -> None:
        """Nothing is asked here."""
        self._ingest, self._grant, self.item = ingest, grant, item

    @property
    def is_there(self) -> bool:
        """Whether there is audio to give."""
        return self._grant is not None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The WAV as ingest streams it. Raises Unavailable, or TroubledItem where it refuses it as decided."""
        mute = f"&mute={quote(','.join(self.item.mute))}" if self.item.mute else ""
        path = f"/v1/recordings/{self.item.thing}/audio?grant={self._grant}{mute}"
        async with self._ingest.neighbour.stream(path, token=self._ingest.token()) as answer:
            if not answer.is_success:
                await answer.aread()
                raise _why(self.item, answer.status_code, answer.json())
            async for chunk in answer.aiter_bytes(PIECE):
                yield chunk


async def sounds_of(ingest: Ordered, items: Iterable[Item]) -> AsyncGenerator[Sound, None]:
    """Give the audio of recordings in their order, granted. Raises as `Sound.chunks`."""
    left, asked = iter(items), deque[tuple[Item, asyncio.Task[str | None]]]()

    def ask() -> None:
        for item in left:
            asked.append((item, asyncio.create_task(_grant(ingest, item))))
            if len(asked) >= AHEAD:
                break

    try:
        ask()
        while asked:
            item, task = asked.popleft()
            grant = await task
            ask()
            yield Sound(ingest, item, grant)
    finally:
        for _, task in asked:
            task.cancel()
        await asyncio.gather(*(task for _, task in asked), return_exceptions=True)


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
