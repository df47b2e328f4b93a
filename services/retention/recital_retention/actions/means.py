"""What actions work with, put together once in wiring; no decision and no state here."""

from dataclasses import dataclass
from datetime import timedelta

from recital_database import Database, Transaction, frozen_for
from recital_identity import SigningKey
from recital_runtime import Runtime
from recital_vault import Vault

from recital_retention.model import Residue


@dataclass(frozen=True, slots=True)
class Means:
    """The technologies and settings that actions are given."""

    runtime: Runtime
    residue: Residue
    late_after: timedelta

    @property
    def database(self) -> Database:
        """The database."""
        return self.runtime.database

    @property
    def vault(self) -> Vault:
        """Keys, objects and the control ledger."""
        return self.runtime.vault

    @property
    def certificate_key(self) -> SigningKey:
        """The key that signs certificates; raises Unavailable where it is missing."""
        return self.runtime.signing["certificate"]

    async def frozen(self, tx: Transaction) -> bool:
        """Whether this tenant's destruction must wait because time jumped: erasing early cannot be undone."""
        return await frozen_for(self.database, tx) is not None
