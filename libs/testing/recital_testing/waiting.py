"""Waiting: for an effect, with a deadline, so that nothing sleeps a fixed time; and for several things at once."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

FIRST, LONGEST, GROWTH = 0.01, 0.1, 1.3  # seconds between two looks, and how they grow: looking costs what is looked at


async def eventually(check: Callable[[], Awaitable[T | None]], *, within: float = 20.0, what: str = "") -> T:
    """Return the first answer of `check` that is neither None nor False; looks after 10 ms, then ever more seldom.

    Raises AssertionError, naming `what` (or the check itself), when `within` seconds have passed. What `check` raises
    passes as it is: a failing effect is not waited for.
    """
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + within, FIRST
    while True:
        answer = await check()
        if answer is not None and answer is not False:
            return answer
        if loop.time() >= deadline:
            raise AssertionError(
                f"within {within:g} s it did not happen: {what or getattr(check, '__qualname__', check)}"
            )
        await asyncio.sleep(pause)
        pause = min(pause * GROWTH, LONGEST)


async def together(*work: Coroutine[Any, Any, None]) -> None:
    """Do several things at once; the first failure ends the others and is raised as itself, not in a group."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
