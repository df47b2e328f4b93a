"""What actions work with, put together once in wiring; no decision and no state here."""

from dataclasses import dataclass
from datetime import timedelta

from recital_database import Database
from recital_runtime import Neighbours, Runtime
from recital_vault import Vault

from recital_ingest.actions.crashpoints import Crash

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


class Means:
    """The technologies and limits that actions are given."""

    def __init__(self, runtime: Runtime, limits: Limits, crash: Crash) -> None:
        """Nothing is opened here."""
        self._runtime = runtime
        self.limits = limits
        self.crash = crash

    @property
    def database(self) -> Database:
        """The database."""
        return self._runtime.database

    @property
    def vault(self) -> Vault:
        """Keys and objects."""
        return self._runtime.vault

    @property
    def neighbours(self) -> Neighbours:
        """The other services."""
        return self._runtime.neighbours
