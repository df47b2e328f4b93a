"""How often and how long the object store is asked before it counts as unavailable; runs what blocks in threads."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from recital_errors import Unavailable

from recital_vault.settings import ObjectStoreSettings
from recital_vault.store_client import FAILURES, ours, passes
from recital_vault.threads import Threads

__all__ = ["CorruptedError", "Persistence"]

T = TypeVar("T")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0


class CorruptedError(Exception):
    """The store acknowledged something else than what it was sent; sending it again may help."""


class Persistence:
    """Repeats calls whose failure may pass, with growing pauses, within the settings' attempts and patience."""

    def __init__(self, settings: ObjectStoreSettings) -> None:
        """Starts no thread yet; there will be one per connection at most."""
        self._attempts = settings.attempts
        self._longest = settings.patience
        self._threads = Threads(settings.connections, "store")

    def close(self) -> None:
        """Takes no new calls."""
        self._threads.close()

    async def run(self, call: Callable[[], T], *, attempts: int | None = None) -> T:
        """What `call` returns; its failures come out typed, those that may pass only after the last attempt."""
        pause, left = _FIRST_PAUSE, attempts or self._attempts
        async with self._patience():
            while True:
                left -= 1
                try:
                    return await self._threads.run(call)
                except FAILURES as error:
                    if left == 0 or not passes(error):
                        raise ours(error) from error
                except CorruptedError as error:
                    if left == 0:
                        raise Unavailable("object_store_corrupts", "The store has not what it was sent.") from error
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def once(self, call: Callable[[], T]) -> T:
        """What `call` returns or raises, within patience."""
        async with self._patience():
            return await self._threads.run(call)

    @asynccontextmanager
    async def _patience(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._longest):
                yield
        except TimeoutError as error:
            raise Unavailable("object_store_unavailable", "The object store does not answer in time.") from error
