"""A migrated database per test: a service's is migrated once a run, and copied from there in milliseconds."""

import asyncio
import importlib.util
from dataclasses import dataclass, field
from pathlib import Path

from recital_database import DatabaseSettings, create_service_database
from recital_database.migrating import migrate

from recital_testing.failures import HouseError
from recital_testing.servers import Postgres
from recital_testing.service_secrets import ServiceSecrets


@dataclass(slots=True)
class Databases:
    """The templates of one test cluster and the copies taken of them."""

    postgres: Postgres
    secrets: Path
    _templates: dict[tuple[str, Path], str] = field(default_factory=dict)
    _copies: int = 0

    async def copy(self, service: str, versions: Path | None = None) -> DatabaseSettings:
        """Return a database of its own, migrated by the service's migrations (or those in `versions`)."""
        template = await self._template(service, versions or versions_of(service))
        self._copies += 1
        settings = self._settings(service, f"{template}_{self._copies}")
        await self._create(settings.name, template, service)
        return settings

    async def drop(self, copy: DatabaseSettings) -> None:
        """Remove a copy, whoever is still connected to it."""
        admin = await self.postgres.connect()
        try:
            await admin.execute(f"drop database {copy.name} with (force)")
        finally:
            await admin.close()

    async def _template(self, service: str, versions: Path) -> str:
        known = self._templates.get((service, versions))
        if known:
            return known
        name = f"{service}_t{len(self._templates)}"
        admin = await self.postgres.connect()
        try:
            await create_service_database(admin, service, ServiceSecrets.of(self.secrets, service).passwords())
        finally:
            await admin.close()
        await self._create(name, "template0", service)
        await asyncio.to_thread(migrate, self._settings(service, name), service, versions)
        self._templates[service, versions] = name
        return name

    async def _create(self, name: str, template: str, service: str) -> None:
        admin = await self.postgres.connect()
        try:
            await admin.execute(f"create database {name} template {template} strategy file_copy owner {service}_owner")
        finally:
            await admin.close()

    def _settings(self, service: str, name: str) -> DatabaseSettings:
        secrets = ServiceSecrets.of(self.secrets, service)
        return DatabaseSettings(
            service=service,
            host=self.postgres.host,
            port=self.postgres.port,
            name=name,
            app_password_file=secrets.password_file("app"),
            worker_password_file=secrets.password_file("worker"),
            owner_password_file=secrets.password_file("owner"),
            pool_size=8,
        )


def versions_of(service: str) -> Path:
    """Return the folder of a service's migrations; raises HouseError when the service is not installed."""
    found = importlib.util.find_spec(f"recital_{service}")
    if found is None or found.origin is None:
        raise HouseError(f"recital_{service} is not installed")
    return Path(found.origin).parent / "migrations" / "versions"
