"""The object store made the bottleneck: its process is given a share of one processor and no more.

On a machine where everything shares a few processors, what a benchmark of uploads compares is who computes least. Where
the store is what everybody waits for, what counts is how much the store has to do for each recording.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

SHARE = 0.08
"""Of one processor."""
_LOOKS_EVERY = 0.002
_SAVED_UP = 0.01  # seconds of computing that a store which was idle may do at once


@contextmanager
def slow(pid: int, *, share: float = SHARE) -> Iterator[None]:
    """Give a process only so much of a processor; afterwards it has all of it again."""
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(pid, share, done), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


def computed(pid: int) -> float:
    """Return the seconds a process has computed so far, all its threads, exactly (clock_getcpuclockid(3) of Linux)."""
    return time.clock_gettime((~pid << 3) | 2)


def _keep(pid: int, share: float, done: threading.Event) -> None:
    saved, seen, at, stopped = 0.0, computed(pid), time.monotonic(), False
    try:
        while not done.wait(_LOOKS_EVERY):
            now, used = time.monotonic(), computed(pid)
            saved = min(saved + share * (now - at), _SAVED_UP) - (used - seen)
            seen, at = used, now
            if (saved < 0) is not stopped:
                stopped = not stopped
                os.kill(pid, signal.SIGSTOP if stopped else signal.SIGCONT)
    finally:
        os.kill(pid, signal.SIGCONT)
