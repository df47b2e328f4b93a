"""One connection to the server, from its opening to its loss. It is never mended: a lost one is replaced by the next.

A client that mends itself keeps requests that the restarted server never heard of, and sends late what its caller has
given up; with one client per connection, whatever waits on it ends with it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from recital_bus.asking import Asking
from recital_bus.configuration import inbox_of

# A server that vanished without a word is noticed after `_PING_EVERY` x (`_PINGS` + 1) seconds at most.
_PING_EVERY = 5
_PINGS = 2
_CONNECT_TIMEOUT = 2
# A question is a subject to publish on, a payload, and headers.
Question = tuple[str, bytes, Mapping[str, str] | None]

_log = logging.getLogger("recital.bus")


@dataclass(frozen=True, slots=True)
class BusSettings:
    """Where the bus is (`url`, several parted by commas), and who connects: a user and the file with its seed."""

    url: str
    seed_file: Path
    service: str


class Connection:
    """One open connection; `lost` is set when it is over, by whichever side."""

    def __init__(self, client: Client, lost: asyncio.Event) -> None:
        """Use `open`."""
        self.client, self.lost = client, lost
        self._asking = Asking(client)

    @classmethod
    async def open(cls, settings: BusSettings, on_denied: Callable[[str], None]) -> "Connection":
        """Connect. `on_denied` hears of every permission that is missing, since the server says so nowhere else.

        Raises OSError, TimeoutError or nats.errors.Error when there is no server or it does not let us in.
        """
        lost = asyncio.Event()

        async def on_error(error: Exception) -> None:
            if "permissions violation" in str(error).lower():
                on_denied(str(error).removeprefix("nats: "))

        async def on_lost() -> None:
            lost.set()

        client = Client()
        try:
            await client.connect(
                settings.url.split(","),
                name=f"recital/{settings.service}",
                nkeys_seed=str(settings.seed_file),
                inbox_prefix=inbox_of(settings.service),
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=_CONNECT_TIMEOUT,
                ping_interval=_PING_EVERY,
                max_outstanding_pings=_PINGS,
                error_cb=on_error,
                closed_cb=on_lost,
            )
            connection = cls(client, lost)
            await connection._asking.open()
        except BaseException:
            await _closed(client)
            raise
        return connection

    async def ask_all(self, questions: Sequence[Question], *, within: float) -> list[Msg | None]:
        """Ask in the order given and wait for all answers, no longer than `within` seconds or the connection lasts.

        None for what got no answer, and for what cannot be sent at all. Never raises because the server is away.
        """
        asked = await self._ask_each(questions)
        underway = [each for each in asked if each is not None and not each.done()]
        if underway:
            await self._wait_for(underway, within=within)
        answers = [None if each is None or not each.done() or each.cancelled() else each.result() for each in asked]
        return answers + [None] * (len(questions) - len(answers))

    async def _wait_for(self, underway: "Sequence[asyncio.Future[Msg]]", *, within: float) -> None:
        losing = asyncio.create_task(self.lost.wait())
        answered = asyncio.gather(*underway, return_exceptions=True)
        either: list[asyncio.Future[Any]] = [answered, losing]
        try:
            await asyncio.wait(either, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        finally:
            losing.cancel()
            for each in underway:
                each.cancel()

    async def _ask_each(self, questions: Sequence[Question]) -> "list[asyncio.Future[Msg] | None]":
        asked: list[asyncio.Future[Msg] | None] = []
        for subject, payload, headers in questions:
            try:
                asked.append(await self._asking.ask(subject, payload, headers))
            except (OSError, nats.errors.ConnectionClosedError):
                break
            except nats.errors.Error as error:
                # Too large, or no subject: this one will never go, the others may.
                _log.error("a message on %s cannot be sent: %s", subject, type(error).__name__)
                asked.append(None)
        return asked

    async def close(self) -> None:
        """Close it; what was not yet sent is sent first, within a second."""
        with contextlib.suppress(OSError, nats.errors.Error, TimeoutError):
            await self.client.flush(timeout=1)
        await _closed(self.client)
        self.lost.set()


async def _closed(client: Client) -> None:
    with contextlib.suppress(OSError, nats.errors.Error):
        await client.close()
