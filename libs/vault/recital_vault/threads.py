"""A capped number of threads for calls that block or compute, so that the event loop never does either.

The cap is the point: a store that hangs holds at most this many threads, each no longer than the socket timeouts.
"""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from recital_errors import Unavailable

__all__ = ["Threads"]

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """Runs blocking calls; a cancelled wait leaves its thread to end by itself, and one not begun never begins."""

    def __init__(self, count: int, name: str) -> None:
        """Starts no thread before the first call."""
        self._executor = ThreadPoolExecutor(count, thread_name_prefix=f"recital-{name}")
        self._closed = False

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `call` returns or raises; the caller's context (traces, log fields) goes along.

        Raises Unavailable `vault_closed` after `close`.
        """
        if self._closed:
            raise Unavailable("vault_closed", "The service is stopping.")
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, lambda: context.run(call, *args, **kwargs)
        )

    def close(self) -> None:
        """Takes no new calls; those under way end by themselves."""
        self._closed = True
        self._executor.shutdown(wait=False, cancel_futures=True)
