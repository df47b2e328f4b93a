"""Where the process can be made to die, in local mode only, so that recovery is tested at each point."""

import os
import signal
from enum import StrEnum


class CrashPoint(StrEnum):
    """A moment of an upload (C) or a trim (T); what a crash right after it leaves, and who clears that away."""

    C0 = "C0"
    """Token, role and permit were judged: nothing."""
    C1 = "C1"
    """The permit may be used: nothing."""
    C2 = "C2"
    """The intent is committed: a row, cleared by the collector."""
    C2_KEYS = "C2_KEYS"
    """The keys are committed and no row names them: cleared by the sweep of keys."""
    C3 = "C3"
    """Parts went out: keys and open multipart uploads, cleared by the collector."""
    C3_TRACK = "C3_TRACK"
    """A track is whole and another may not be: keys, objects, multipart uploads, cleared by the collector."""
    C4 = "C4"
    """All bytes are verified: whole objects, cleared by the collector."""
    C5 = "C5"
    """Committed: the recording is stored, and the sender who asks again gets its id."""
    C6 = "C6"
    """The answer is under way: the same."""
    C7 = "C7"
    """The event went out and is not marked as published: it goes out again, and inboxes know it."""
    C8 = "C8"
    """It is marked: nothing."""
    T1 = "T1"
    """A trim's keys are committed and no row names them: cleared by the sweep of keys."""
    T2 = "T2"
    """The trimmed tracks are sealed and not in place: cleared by the next attempt."""
    T3 = "T3"
    """The trimmed tracks are in place and the old ones still there: destroyed by the next attempt."""
    T4 = "T4"
    """The old tracks are gone and nobody was told: told by the next attempt."""


class Crash:
    """Ends the process without any farewell where it is told to; otherwise does nothing."""

    def __init__(self, at: CrashPoint | None) -> None:
        """`at` is None but in tests."""
        self._at = at

    def __call__(self, point: CrashPoint) -> None:
        """Say that a point is reached."""
        if point is self._at:
            os.kill(os.getpid(), signal.SIGKILL)
