"""Several things at once, none of which may go on behind the back of what clears up after a failure."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def together(calls: Iterable[Awaitable[T]]) -> list[T]:
    """Return what all return, in order; where some fail, wait for the others and raise what the first raised."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    done = [result for result in results if not isinstance(result, BaseException)]
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return done
