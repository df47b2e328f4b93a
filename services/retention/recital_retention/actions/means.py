"""What actions work with, put together once in wiring; no decision and no state here."""

from datetime import timedelta

from recital_database import Transaction, frozen_for
from recital_identity import SigningKey
from recital_runtime import Metrics, Runtime, Technologies

from recital_retention.model import Residue


class Means(Technologies):
    """The technologies and settings that actions are given."""

    def __init__(self, runtime: Runtime, *, residue: Residue, late_after: timedelta) -> None:
        """Nothing is opened here."""
        super().__init__(runtime)
        self.residue, self.late_after = residue, late_after

    @property
    def metrics(self) -> Metrics:
        """The gauges and counters of the process."""
        return self._runtime.metrics

    @property
    def certificate_key(self) -> SigningKey:
        """The key that signs certificates; raises Unavailable where it is missing."""
        return self._runtime.signing["certificate"]

    async def frozen(self, tx: Transaction) -> bool:
        """Whether this tenant's destruction must wait because time jumped: erasing early cannot be undone."""
        return await frozen_for(self.database, tx) is not None
