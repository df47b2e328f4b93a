"""What actions work with, put together once in wiring; no decision and no state here."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from recital_runtime import Runtime, Technologies

from recital_ingest.actions.crashpoints import Crash

DECODERS = 2
"""How many decoders of a replica run at once; others wait."""
LOG = "access"
"""The ledger of what was stored, heard, refused and erased."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the settings allow of one upload and of one tenant."""

    largest_upload: int
    """Bytes, counted on the wire."""
    longest_upload: timedelta
    longest_silence: timedelta
    """Between two pieces of a body."""
    slowest_upload: int
    """Bytes a second, once a body has kept us waiting for ten seconds."""
    uploads_per_tenant: int
    lease: timedelta
    decoder: Path
    """The program that decodes compressed audio, in its sandbox."""
    largest_compressed: int
    """Bytes of compressed audio: it is held in memory while it is judged."""
    read_back_share: float
    """Of the store's time, for reading recordings back: more than 0, at most 1."""
    read_back_every: timedelta
    """Where a tenant says nothing."""


class Means(Technologies):
    """The technologies and limits that actions are given."""

    def __init__(self, runtime: Runtime, limits: Limits, crash: Crash) -> None:
        """Nothing is opened here."""
        super().__init__(runtime)
        self.limits = limits
        self.crash = crash
        self.decoders = asyncio.Semaphore(DECODERS)
