"""What every service's actions are given of the process; each service's own Means adds what only it has."""

from recital_database import Database
from recital_vault import Vault

from recital_runtime.neighbours import Neighbours
from recital_runtime.process import Runtime


class Technologies:
    """The database, the vault and the other services."""

    def __init__(self, runtime: Runtime) -> None:
        """Nothing is opened here."""
        self._runtime = runtime

    @property
    def database(self) -> Database:
        """The database."""
        return self._runtime.database

    @property
    def vault(self) -> Vault:
        """Keys, objects and the control ledger; raises Unavailable before the process has started."""
        return self._runtime.vault

    @property
    def neighbours(self) -> Neighbours:
        """The other services."""
        return self._runtime.neighbours
