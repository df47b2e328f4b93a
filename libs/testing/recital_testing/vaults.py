"""A vault per service over the test run's servers: its corner of the database `keys`, its root key, the one bucket."""

from dataclasses import dataclass, field
from pathlib import Path

from recital_vault import FileRootKey, KeyStore, KeyStoreSettings, ObjectStore, Vault, keys_user, provision_keys

from recital_testing.servers import Objects, Postgres
from recital_testing.service_secrets import ServiceSecrets

KEYS = "keys"


@dataclass(slots=True)
class Vaults:
    """Opens vaults; two opened for one service see the same keys, as two of its processes would."""

    postgres: Postgres
    objects: Objects
    secrets: Path
    _provisioned: set[str] = field(default_factory=set)

    async def open(self, service: str) -> Vault:
        """Return an open vault of a service; close it."""
        secrets = ServiceSecrets.of(self.secrets, service)
        if service not in self._provisioned:
            await self._provision(service, secrets.password_file("keys").read_text())
        settings = KeyStoreSettings(
            host=self.postgres.host,
            port=self.postgres.port,
            user=keys_user(service),
            password_file=secrets.password_file("keys"),
            schema=service,
            database=KEYS,
        )
        keys = await KeyStore.open(settings, FileRootKey(secrets.root_key_file))
        return Vault(keys, await ObjectStore.open(self.objects.settings(service)))

    async def _provision(self, service: str, password: str) -> None:
        await self.postgres.ensure_database(KEYS)
        admin = await self.postgres.connect(KEYS)
        try:
            await provision_keys(admin, service, password=password)
        finally:
            await admin.close()
        self._provisioned.add(service)
