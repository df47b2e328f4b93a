"""Where a house keeps what, and everything a service is told through its environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recital_database import DatabaseSettings

from recital_testing.ports import LOOPBACK
from recital_testing.servers import Postgres, Servers
from recital_testing.service_secrets import ServiceSecrets
from recital_testing.services import SERVICES, Row

ISSUER = "https://issuer.recital.test"
AUDIENCE = "recital"


@dataclass(frozen=True, slots=True)
class Places:
    """Where a house's folder keeps what."""

    folder: Path

    @property
    def secrets(self) -> Path:
        """Secrets, a folder per service."""
        return self.folder / "secrets"

    @property
    def processes(self) -> Path:
        """The services' logs and pid files."""
        return self.folder / "services"

    @property
    def endpoints(self) -> Path:
        """What scripts need to drive the running system: addresses and tokens."""
        return self.folder / "endpoints.json"

    @property
    def issuer_key(self) -> Path:
        """The key of the local token issuer."""
        return self.secrets / "issuer" / "issuer.pem"

    @property
    def issuer_keys(self) -> Path:
        """Its public half, which the services verify tokens with."""
        return self.secrets / "issuer" / "jwks.json"

    def secrets_of(self, service: str) -> ServiceSecrets:
        """Return the secrets of one service."""
        return ServiceSecrets.of(self.secrets, service)


def urls(ports: Mapping[str, int]) -> dict[str, str]:
    """Return each service's address."""
    return {service: f"http://{LOOPBACK}:{ports[service]}" for service in SERVICES}


def environment(
    row: Row, places: Places, servers: Servers, ports: Mapping[str, int], *, local_mode: bool
) -> dict[str, str]:
    """Return the RECITAL_<SERVICE>_ variables of one service; secrets are named by file."""
    secrets = places.secrets_of(row.name)
    settings: dict[str, object] = {
        "host": LOOPBACK,
        "port": ports[row.name],
        "local_mode": str(local_mode).lower(),
        "database_host": servers.postgres.host,
        "database_port": servers.postgres.port,
        "database_name": row.name,
        "app_password_file": secrets.password_file("app"),
        "worker_password_file": secrets.password_file("worker"),
        "bus_url": servers.nats.url,
        "bus_seed_file": servers.nats.seed_file(row.name),
        "object_endpoint": servers.objects.endpoint,
        "object_bucket": servers.objects.bucket,
        "object_secure": "false",
        "object_access_key_file": servers.objects.user(row.name).access_key_file,
        "object_secret_key_file": servers.objects.user(row.name).secret_key_file,
        "keys_password_file": secrets.password_file("keys"),
        "root_key_file": secrets.root_key_file,
        "token_issuer": ISSUER,
        "token_audience": AUDIENCE,
        "token_keys_file": places.issuer_keys,
        "signing_key_dir": secrets.signing_folder,
        **{f"{name}_url": url for name, url in urls(ports).items()},
    }
    if row.name == "dsar":
        settings |= {
            "smtp_host": servers.mail.host,
            "smtp_port": servers.mail.port,
            "smtp_security": "none",
            "mail_from": "privacy@recital.example",
            "portal_url": urls(ports)["dsar"],
        }
    return {f"RECITAL_{row.name}_{name}".upper(): str(value) for name, value in settings.items()}


def database_settings(service: str, places: Places, postgres: Postgres) -> DatabaseSettings:
    """Return how the database room reaches a service's database, also as its owner."""
    secrets = places.secrets_of(service)
    return DatabaseSettings(
        service=service,
        host=postgres.host,
        port=postgres.port,
        name=service,
        app_password_file=secrets.password_file("app"),
        worker_password_file=secrets.password_file("worker"),
        owner_password_file=secrets.password_file("owner"),
    )
