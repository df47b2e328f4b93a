import asyncio
import threading
import time
from contextvars import ContextVar

import pytest
from recital_errors import Unavailable
from recital_vault.threads import Threads

TRACE: ContextVar[str] = ContextVar("trace")


async def test_a_blocking_call_leaves_the_event_loop_free_and_keeps_its_context() -> None:
    threads = Threads(1, "test")
    go_on = threading.Event()
    TRACE.set("here")

    def blocks() -> str:
        assert go_on.wait(5)
        return TRACE.get()

    running = asyncio.create_task(threads.run(blocks))
    await asyncio.sleep(0)
    go_on.set()
    assert await running == "here"
    threads.close()


async def test_what_a_call_raises_comes_out_and_a_cancelled_call_that_waits_never_begins() -> None:
    threads = Threads(1, "test")
    with pytest.raises(ZeroDivisionError):
        await threads.run(divmod, 1, 0)
    go_on = threading.Event()
    begun: list[int] = []
    running = asyncio.create_task(threads.run(go_on.wait, 5))
    waiting = asyncio.create_task(threads.run(begun.append, 1))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    go_on.set()
    assert await running
    await threads.run(time.monotonic)
    assert begun == []
    threads.close()


async def test_after_closing_nothing_is_begun() -> None:
    threads = Threads(1, "test")
    threads.close()
    with pytest.raises(Unavailable) as refusal:
        await threads.run(time.monotonic)
    assert refusal.value.code == "vault_closed"
