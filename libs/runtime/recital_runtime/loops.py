"""Work that comes by itself: loops that run on a rhythm or when woken, never die, and stop when asked."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from recital_errors import Unavailable

log = structlog.get_logger()
LONGEST_PAUSE = 30.0


@dataclass(slots=True)
class Loop:
    """One recurring piece of work: `run` answers true when there is more to do at once.

    `every` is the rhythm in seconds where nothing wakes it. After a failure it pauses, up to 30 seconds, and goes on.
    """

    name: str
    run: Callable[[], Awaitable[bool]]
    every: float
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Run as soon as possible."""
        self._woken.set()

    async def go(self, failed: Callable[[str], None], stop: asyncio.Event) -> None:
        """Run until cancelled or `stop` is set; `failed` is told the loop's name each time a run fails."""
        pause = 0.2
        # What a run calls may swallow a cancellation (asyncio.wait_for does in Python 3.11), so `stop` ends it too.
        while not stop.is_set():
            self._woken.clear()
            try:
                more = await self.run()
            except Exception as error:  # noqa: BLE001 - the edge of background work: it logs, pauses and tries again
                failed(self.name)
                level = log.warning if isinstance(error, Unavailable) else log.error
                level("loop_failed", loop=self.name, error=type(error).__name__, code=getattr(error, "code", None))
                await self._pause(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            pause = 0.2
            if more:
                await asyncio.sleep(0)
            else:
                await self._pause(self.every)

    async def _pause(self, seconds: float) -> None:
        # Not asyncio.wait_for: in Python 3.11 it can swallow the cancellation that ends the loop.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
