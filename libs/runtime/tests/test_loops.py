"""Recurring work never dies, runs again at once while there is more, and can be woken."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from recital_errors import Unavailable
from recital_runtime import Loop


async def stopped_after(loop: Loop, done: asyncio.Event) -> list[str]:
    failures: list[str] = []
    task = asyncio.create_task(loop.go(failures.append, asyncio.Event()))
    async with asyncio.timeout(5):
        await done.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return failures


def counting(times: int, done: asyncio.Event, answers: Callable[[int], bool]) -> Callable[[], Awaitable[bool]]:
    runs = 0

    async def run() -> bool:
        nonlocal runs
        runs += 1
        if runs == times:
            done.set()
        return answers(runs)

    return run


async def test_a_loop_goes_on_at_once_while_there_is_more() -> None:
    done = asyncio.Event()
    assert await stopped_after(Loop("work", counting(100, done, lambda _: True), 3600), done) == []


async def test_a_loop_is_woken_before_its_time() -> None:
    done = asyncio.Event()
    loop = Loop("work", counting(2, done, lambda _: False), 3600)
    asyncio.get_running_loop().call_later(0.01, loop.wake)
    assert await stopped_after(loop, done) == []


@pytest.mark.parametrize("error", [Unavailable("database_unavailable"), RuntimeError("a bug")])
async def test_a_failure_is_told_and_the_loop_goes_on(error: Exception) -> None:
    done = asyncio.Event()

    def fails_once(run: int) -> bool:
        if run == 1:
            raise error
        return False

    loop = Loop("work", counting(2, done, fails_once), 3600)
    asyncio.get_running_loop().call_later(0.01, loop.wake)
    assert await stopped_after(loop, done) == ["work"]
