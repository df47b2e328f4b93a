"""Questions to the server, many in flight: each is sent in order and gets a future for its answer.

The client library's own asynchronous publish leaves open for ever what the server refuses (nats-io/nats.py issue 985),
and its requests cost a timer each.
"""

import asyncio
from collections.abc import Mapping
from itertools import count

from nats.aio.client import Client
from nats.aio.msg import Msg


class Asking:
    """One inbox for all answers of a connection."""

    def __init__(self, client: Client) -> None:
        """Nothing is asked before `open`."""
        self._client = client
        self._inbox = client.new_inbox()
        self._numbers = count()
        self._waiting: dict[str, asyncio.Future[Msg]] = {}

    async def open(self) -> None:
        """Listen for answers."""
        await self._client.subscribe(f"{self._inbox}.*", cb=self._answered)

    async def ask(
        self, subject: str, payload: bytes, headers: Mapping[str, str] | None = None
    ) -> "asyncio.Future[Msg]":
        """Send a question and return the future of its answer; the caller cancels what it waits for no longer.

        Raises nats.errors.Error: ConnectionClosedError when the connection is lost, others when it cannot be sent.
        """
        reply = f"{self._inbox}.{next(self._numbers)}"
        future: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda _: self._waiting.pop(reply, None))
        self._waiting[reply] = future
        try:
            await self._client.publish(subject, payload, reply, dict(headers) if headers else None)
        except BaseException:
            future.cancel()
            raise
        return future

    async def _answered(self, answer: Msg) -> None:
        future = self._waiting.get(answer.subject)
        if future is not None and not future.done():
            future.set_result(answer)
