"""The bus as a service sees it: publish and be told what was kept; consume, and say what became of each message.

It connects again for ever, from the first moment on. What is published while the server is away is not kept here: the
outbox keeps it.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import nkeys
from nats.aio.msg import Msg

from recital_bus.configuration import STREAM
from recital_bus.connection import BusSettings, Connection
from recital_bus.consuming import PROGRESS_EVERY, Consuming, Handle
from recital_bus.messages import ID_HEADER, Message

_ACKNOWLEDGED_WITHIN = 5.0
_AT_ONCE = 1024
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0

_log = logging.getLogger("recital.bus")


class Bus:
    """A service's way to the other services. For use by many tasks of one event loop."""

    def __init__(self, settings: BusSettings, on_state: Callable[[bool], None] | None) -> None:
        """Use `connect`."""
        self._settings, self._on_state = settings, on_state
        self._connection: Connection | None = None
        self._open = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._denied: str | None = None
        self._closing = False
        self._duplicates = 0

    @classmethod
    async def connect(cls, settings: BusSettings, on_state: Callable[[bool], None] | None = None) -> "Bus":
        """Return at once and keep connecting, for ever; `on_state` hears every change of `connected`, and never raises.

        A server that is away is no error. Raises OSError when the seed cannot be read, ValueError when it is none.
        """
        seed = await asyncio.to_thread(settings.seed_file.read_bytes)
        try:
            nkeys.from_seed(bytearray(seed.strip())).wipe()
        except (nkeys.NkeysError, ValueError):
            raise ValueError(f"{settings.seed_file} holds no seed of a NATS user") from None
        bus = cls(settings, on_state)
        bus._keeper = asyncio.create_task(bus._keep_connected(), name="bus")
        return bus

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self._open.is_set()

    @property
    def denied(self) -> str | None:
        """What the server forbade last on this connection, or that it did not let us in; None while all is well.

        It says so nowhere else: a denied publish looks slow, a denied fetch looks empty. A service that is denied
        something is set up wrongly and not ready.
        """
        return self._denied

    @property
    def duplicates(self) -> int:
        """How many published messages the server had already."""
        return self._duplicates

    async def publish(self, messages: Sequence[Message]) -> list[bool]:
        """Publish in the order given, many in flight; true for each that the stream acknowledged to have kept.

        A false one may have been kept nevertheless: send it again with the same id. Never raises because the server
        is away, slow or full.
        """
        kept: list[bool] = []
        for start in range(0, len(messages), _AT_ONCE):
            kept += await self._publish_some(messages[start : start + _AT_ONCE])
        return kept

    async def consume(
        self, handle: Handle, *, stop: asyncio.Event, batch: int = 128, progress_every: float = PROGRESS_EVERY
    ) -> None:
        """Let `handle` take batches of the service's own durable, one at a time, until `stop` is set.

        It returns one outcome per message; if it raises, the whole batch comes again. A message may come more than
        once, and a later one before an earlier one that is retried: the inbox guards both. While a batch is worked
        on, the server is told so every `progress_every` seconds, or it would deliver it elsewhere.
        """
        while not stop.is_set():
            connection = await self._connection_or(stop)
            if connection is None:
                continue
            consuming = Consuming(connection, handle, stop=stop, progress_every=progress_every)
            await consuming.run(self._settings.service, batch=batch)

    async def close(self) -> None:
        """Close the connection and connect no more; what was published and not acknowledged is false."""
        # A library on the way may swallow a cancellation (asyncio.wait_for does in Python 3.11): the flag ends it too.
        self._closing = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        if self._connection is not None:
            await self._connection.close()
            self._lost()

    async def _keep_connected(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closing:
            try:
                connection = await Connection.open(self._settings, self._hear_denial)
            except Exception as error:  # noqa: BLE001 - for ever: whatever failed now may not fail the next time
                self._hear_refusal(error)
                await asyncio.sleep(pause)
                pause = min(_LONGEST_PAUSE, pause * 2)
                continue
            pause = _FIRST_PAUSE
            self._found(connection)
            await connection.lost.wait()
            _log.warning("the bus is not connected any more")
            self._lost()
            await connection.close()

    def _found(self, connection: Connection) -> None:
        self._connection, self._denied = connection, None
        self._open.set()
        _log.info("the bus is connected")
        if self._on_state:
            self._on_state(True)  # noqa: FBT003 - the contract of the callback

    def _lost(self) -> None:
        self._connection = None
        self._open.clear()
        if self._on_state:
            self._on_state(False)  # noqa: FBT003 - the contract of the callback

    def _hear_denial(self, denial: str) -> None:
        self._denied = denial
        _log.error("the bus denies: %s", denial)

    def _hear_refusal(self, error: Exception) -> None:
        if "authorization violation" in str(error).lower():
            self._denied = "authorization violation: this user is not let in"

    async def _connection_or(self, stop: asyncio.Event) -> Connection | None:
        """Wait for a connection; None when told to stop before, or when it was lost again at once."""
        waiting = [asyncio.create_task(each.wait()) for each in (self._open, stop)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        return self._connection

    async def _publish_some(self, messages: Sequence[Message]) -> list[bool]:
        connection = self._connection
        if connection is None or not messages:
            return [False] * len(messages)
        questions = [(each.subject, each.payload, {**each.headers, ID_HEADER: each.id}) for each in messages]
        answers = await connection.ask_all(questions, within=_ACKNOWLEDGED_WITHIN)
        acknowledged = [None if answer is None else _acknowledgement(answer) for answer in answers]
        if refused := [each for each in acknowledged if each is not None and not each.kept]:
            _log.warning("the stream did not take %d messages: %s", len(refused), refused[0].refusal)
        self._duplicates += sum(1 for each in acknowledged if each is not None and each.duplicate)
        return [each is not None and each.kept for each in acknowledged]


@dataclass(frozen=True, slots=True)
class _Acknowledgement:
    kept: bool
    duplicate: bool = False
    refusal: str = ""


def _acknowledgement(answer: Msg) -> _Acknowledgement:
    """Read what the stream says of a published message; an answer without a body says that there is no stream."""
    try:
        said = json.loads(answer.data or b"{}")
    except ValueError:
        return _Acknowledgement(kept=False, refusal="its answer cannot be read")
    if "error" in said or said.get("stream") != STREAM:
        return _Acknowledgement(kept=False, refusal=str(said.get("error", {}).get("description", "there is no stream")))
    return _Acknowledgement(kept=True, duplicate=said.get("duplicate") is True)
