"""Fetching from a durable consumer: one standing request, renewed when it is used up, has expired or went unanswered.

The server sends a heartbeat while there is nothing to deliver, so that silence means a request that nobody serves.
"""

import asyncio
import contextlib
import json
from collections import deque

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from recital_bus.configuration import STREAM

_EXPIRES = 30.0
_HEARTBEAT = 1.0
_SILENCE = 2.5  # seconds without a message or heartbeat, after which the request is given up
_BEFORE_ASKING_AGAIN = 0.25  # after an answer that says that there is no consumer, or no stream, just now
_LAST_WORD = 1.0  # seconds for the server to hear that we stop
_NANOSECONDS = 1_000_000_000

_HEARTBEAT_STATUS = "100"
_ENDED_STATUS = "408"  # the request expired, or asked for more than the consumer has waiting room for


class Pull:
    """Messages of one durable, batch by batch. Made for one connection; not for use by two tasks at once."""

    def __init__(self, client: Client, durable: str, *, batch: int) -> None:
        """Nothing is asked for before `open`."""
        self._client, self._batch = client, batch
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{durable}"
        self._inbox = client.new_inbox()
        self._arrived: deque[Msg] = deque()
        self._any = asyncio.Event()
        self._outstanding = 0

    async def open(self) -> None:
        """Listen on an inbox of its own."""
        self._subscription = await self._client.subscribe(self._inbox, cb=self._take)

    async def next_batch(self) -> list[Msg]:
        """Wait for messages and return those that are there, at most `batch`; the first waits for no second.

        While the caller works on them, the rest of the request arrives here. Cancelling the wait loses no message.
        Raises nats.errors.Error when the connection is lost.
        """
        while True:
            if self._outstanding == 0 and not self._arrived:
                await self._ask()
            try:
                async with asyncio.timeout(_SILENCE):
                    await self._any.wait()
            except TimeoutError:
                self._outstanding = 0
                continue
            arrived = self._at_hand(self._batch)
            if messages := self._messages_of(arrived):
                return messages
            if self._outstanding == 0 and _status_of(arrived[-1]) != _ENDED_STATUS:
                await asyncio.sleep(_BEFORE_ASKING_AGAIN)

    def waiting(self) -> list[Msg]:
        """Return the messages that came and were not taken yet."""
        return [each for each in self._arrived if _status_of(each) is None]

    async def close(self) -> list[Msg]:
        """Stop listening; returns the messages that came and were not taken.

        Raises nats.errors.Error or TimeoutError when the connection is lost or slow; then they come again.
        """
        async with asyncio.timeout(_LAST_WORD):
            await self._subscription.drain()  # type: ignore[no-untyped-call]  # as the library has it
        return self._messages_of(self._at_hand(len(self._arrived)))

    async def abandon(self) -> None:
        """Stop listening at once; what came and was not taken comes again when the server has waited for it."""
        with contextlib.suppress(OSError, nats.errors.Error):
            await self._subscription.unsubscribe()

    async def _take(self, message: Msg) -> None:
        self._arrived.append(message)
        self._any.set()

    async def _ask(self) -> None:
        self._outstanding = self._batch
        request = {
            "batch": self._batch,
            "expires": int(_EXPIRES * _NANOSECONDS),
            "idle_heartbeat": int(_HEARTBEAT * _NANOSECONDS),
        }
        await self._client.publish(self._subject, json.dumps(request).encode(), self._inbox)

    def _at_hand(self, most: int) -> list[Msg]:
        taken = [self._arrived.popleft() for _ in range(min(most, len(self._arrived)))]
        if not self._arrived:
            self._any.clear()
        return taken

    def _messages_of(self, arrived: list[Msg]) -> list[Msg]:
        """Return the messages among what arrived; the others say how the request stands."""
        messages = []
        for each in arrived:
            status = _status_of(each)
            if status is None:
                messages.append(each)
                self._outstanding = max(0, self._outstanding - 1)
            elif status != _HEARTBEAT_STATUS:
                self._outstanding = 0
        return messages


def _status_of(message: Msg) -> str | None:
    """Return the status of an answer that is no message; a message of the stream always says where to answer."""
    return None if message.reply else (message.headers or {}).get("Status", "")
