"""What every service is told from outside: one frozen class, read once from RECITAL_<SERVICE>_ variables.

Secrets come as file paths only. Nothing secret has a default; what has none and is not given refuses to start.
"""

from pathlib import Path
from typing import Self

from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from recital_database import DatabaseSettings
from recital_vault import KeyStoreSettings, keys_user


class ServiceSettings(BaseSettings):
    """The settings all services share; a service subclasses it with its own prefix and adds its own."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    host: str = "127.0.0.1"
    port: int
    local_mode: bool = False

    database_host: str
    database_port: int = 5432
    database_name: str
    app_password_file: Path
    worker_password_file: Path
    owner_password_file: Path | None = None
    database_pool: int = 16
    database_tls: bool = False

    bus_url: str
    bus_seed_file: Path

    object_endpoint: str
    object_bucket: str
    object_secure: bool = True
    object_access_key_file: Path
    object_secret_key_file: Path
    keys_host: str | None = None
    keys_port: int | None = None
    """The server of the database `keys`, where it is another than that of the service's own database."""
    keys_password_file: Path
    root_key_file: Path | None = None
    """The key that wraps the tenants' keys, 32 bytes; or else the settings of the transit engine."""
    retired_root_key_files: tuple[Path, ...] = ()
    """Keys that wrap no more and still unwrap, as a JSON list, until every tenant's key was changed."""
    transit_address: str | None = None
    """Vault, as https://vault.example:8200: then the root key never leaves it."""
    transit_token_file: Path | None = None
    transit_key: str = "recital"
    transit_mount: str = "transit"
    transit_authorities_file: Path | None = None

    token_issuer: str
    token_audience: str = "recital"  # noqa: S105 - a name, no secret
    token_keys_file: Path
    signing_key_dir: Path

    consent_url: str
    ingest_url: str
    retention_url: str
    dsar_url: str

    trace_endpoint: str | None = None
    stop_within: int = 20
    """Seconds that requests in hand get when the process is asked to stop."""

    @model_validator(mode="after")
    def _one_root_key(self) -> Self:
        if (self.root_key_file is None) == (self.transit_address is None):
            raise ValueError("exactly one of root_key_file and transit_address is needed")
        if self.transit_address is not None and self.transit_token_file is None:
            raise ValueError("transit_token_file is needed with transit_address")
        if self.retired_root_key_files and self.root_key_file is None:
            raise ValueError("retired_root_key_files go with root_key_file")
        return self

    def keys(self, service: str) -> KeyStoreSettings:
        """Return the part that the vault's key store takes; its TLS is that of the service's own database."""
        return KeyStoreSettings(
            host=self.keys_host or self.database_host,
            port=self.keys_port or self.database_port,
            user=keys_user(service),
            password_file=self.keys_password_file,
            schema=service,
            verify_tls=self.database_tls,
        )

    def database(self, service: str) -> DatabaseSettings:
        """Return the part that the database room takes."""
        return DatabaseSettings(
            service=service,
            host=self.database_host,
            port=self.database_port,
            name=self.database_name,
            app_password_file=self.app_password_file,
            worker_password_file=self.worker_password_file,
            owner_password_file=self.owner_password_file,
            pool_size=self.database_pool,
            verify_tls=self.database_tls,
        )
