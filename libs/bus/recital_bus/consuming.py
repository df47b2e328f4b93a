"""The one consumer loop, for the life of one connection: fetch, handle, and tell what became of each message.

This is where ack meaning lives. Every answer is confirmed by the server; one that is not leads to a redelivery, which
the handler's inbox takes for what it is.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import nats.errors
from nats.aio.msg import Msg

from recital_bus.connection import Connection
from recital_bus.messages import ID_HEADER, Message, Outcome
from recital_bus.pulling import Pull

Handle = Callable[[Sequence[Message]], Awaitable[Sequence[Outcome]]]

_T = TypeVar("_T")

CONFIRMED_WITHIN = 5.0
# While a handler works, the server is told so: well within the durable's `ack_wait`.
PROGRESS_EVERY = 3.0
_FIRST_DELAY, _LONGEST_DELAY = 0.1, 30.0
_NANOSECONDS = 1_000_000_000

_log = logging.getLogger("recital.bus")


class Consuming:
    """A service's durable consumer over one connection."""

    def __init__(self, connection: Connection, handle: Handle, *, stop: asyncio.Event, progress_every: float) -> None:
        """`handle` is called with one batch at a time."""
        self._connection, self._handle, self._stop = connection, handle, stop
        self._progress_every = progress_every

    async def run(self, durable: str, *, batch: int) -> None:
        """Consume until told to stop or until the connection is lost; messages that came and wait are given back."""
        try:
            pull = Pull(self._connection.client, durable, batch=batch)
            await pull.open()
            try:
                await self._take_turns(pull)
            except asyncio.CancelledError:
                await pull.abandon()
                raise
            if not self._connection.lost.is_set():
                await self._settle([(message, _NAK) for message in await pull.close()])
        except (OSError, TimeoutError, nats.errors.Error):
            # Whatever this was, the connection is of no use any more; the next one starts afresh.
            await self._connection.close()

    async def _take_turns(self, pull: Pull) -> None:
        async with _while_waiting_for(self._stop, self._connection.lost) as ended:
            while not ended.done():
                arrived = await _unless(ended, pull.next_batch())
                if arrived is None:
                    return
                outcomes = await self._outcomes_of(arrived, pull)
                await self._settle([(each, _answer(each, said)) for each, said in zip(arrived, outcomes, strict=True)])

    async def _outcomes_of(self, arrived: Sequence[Msg], pull: Pull) -> Sequence[Outcome]:
        at_work = asyncio.create_task(self._tell_progress(arrived, pull))
        try:
            outcomes = await self._handle([_message_of(each) for each in arrived])
        except Exception as error:  # noqa: BLE001 - the edge: whatever a handler raises, its messages come again
            _log.error("a handler failed as a whole: %s", type(error).__name__)
            return [Outcome.RETRY] * len(arrived)
        finally:
            at_work.cancel()
        if len(outcomes) != len(arrived):
            _log.error("a handler gave %d outcomes for %d messages", len(outcomes), len(arrived))
            return [Outcome.RETRY] * len(arrived)
        return outcomes

    async def _tell_progress(self, arrived: Sequence[Msg], pull: Pull) -> None:
        """Keep the server from delivering elsewhere what is worked on here, or waits for it."""
        with contextlib.suppress(nats.errors.Error, OSError):
            while True:
                await asyncio.sleep(self._progress_every)
                for each in (*arrived, *pull.waiting()):
                    await each.in_progress()

    async def _settle(self, answers: Sequence[tuple[Msg, bytes]]) -> None:
        """Answer all at once and wait for the server's confirmations, but not longer than the connection lives."""
        questions = [(message.reply, answer, None) for message, answer in answers]
        confirmations = await self._connection.ask_all(questions, within=CONFIRMED_WITHIN)
        unconfirmed = confirmations.count(None)
        if unconfirmed:
            _log.warning("%d answers were not confirmed; their messages come again", unconfirmed)


_ACK, _NAK, _TERM = b"+ACK", b"-NAK", b"+TERM"


def _answer(message: Msg, outcome: Outcome) -> bytes:
    match outcome:
        case Outcome.DONE:
            return _ACK
        case Outcome.DEAD:
            return _TERM
        case Outcome.RETRY:
            # Each time later; 2 ** 20 is far past the longest delay, and no number that could overflow.
            delay = min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** min(20, message.metadata.num_delivered - 1))
            return _NAK + b" " + json.dumps({"delay": int(delay * _NANOSECONDS)}).encode()


def _message_of(arrived: Msg) -> Message:
    headers = arrived.headers or {}
    return Message(
        subject=arrived.subject,
        id=headers.get(ID_HEADER, ""),
        payload=arrived.data,
        headers=headers,
        delivery=arrived.metadata.num_delivered,
    )


async def _unless(ended: "asyncio.Future[Any]", work: Coroutine[Any, Any, _T]) -> _T | None:
    """Wait for work; None when something ended before it was done."""
    doing = asyncio.create_task(work)
    try:
        await asyncio.wait({doing, ended}, return_when=asyncio.FIRST_COMPLETED)
        return doing.result() if doing.done() else None
    finally:
        doing.cancel()


@asynccontextmanager
async def _while_waiting_for(*events: asyncio.Event) -> AsyncIterator["asyncio.Future[Any]"]:
    """Give a future that is done when the first of the events is set."""
    waiting = [asyncio.create_task(each.wait()) for each in events]
    first: Coroutine[Any, Any, Any] = asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    ended = asyncio.create_task(first)
    try:
        yield ended
    finally:
        for task in (ended, *waiting):
            task.cancel()
