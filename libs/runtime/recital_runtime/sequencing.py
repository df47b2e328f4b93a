"""The sequencer of a service's ledgers: gives positions to committed entries and signs a checkpoint within a second.

An idle log is not signed again. The origin of a log is `recital/<service>/<log>/<tenant>`.
"""

from uuid import UUID

from recital_database import Database
from recital_database.journal import sequence, unsequenced
from recital_ledger import Checkpoint, sign_checkpoint

from recital_runtime.metrics import Metrics
from recital_runtime.signing import SigningKeys


def origin_of(service: str, log: str, tenant: UUID) -> str:
    """Return the name under which a tenant's log is signed."""
    return f"recital/{service}/{log}/{tenant}"


class Sequencer:
    """Sequences all tenants' logs of one service."""

    def __init__(self, database: Database, signing: SigningKeys, metrics: Metrics) -> None:
        """The key of use `checkpoint` signs."""
        self._database, self._signing, self._metrics = database, signing, metrics

    async def run(self) -> bool:
        """Take one batch of every log that has new entries; true when a log has more."""
        async with self._database.work() as tx:
            waiting = await unsequenced(tx)
        more = False
        for tenant, log in waiting:
            async with self._database.transaction(tenant) as tx:
                more |= await sequence(tx, log, self._sign, origin_of(self._database.service, log, tenant))
            self._metrics.entries_sequenced.inc()
        return more

    def _sign(self, checkpoint: Checkpoint) -> str:
        key = self._signing["checkpoint"]
        return sign_checkpoint(checkpoint, key.private, name=key.kid)
