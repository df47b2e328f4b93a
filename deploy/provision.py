"""Makes what the services find: databases and roles, key schemas, the event stream, the bucket and its users.

It is in every image and runs once per installation with the administrators' secrets, which no service is given. All of
it may run again over what is there: it brings up to date and destroys nothing. Tables come after, by each service's
`migrate`.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import asyncpg
import typer
from pydantic_settings import BaseSettings, SettingsConfigDict
from recital_bus import provision as provision_bus
from recital_database import Passwords, create_service_database
from recital_errors import RecitalError
from recital_runtime.command import read_settings
from recital_runtime.process import SERVICES
from recital_vault import SERVICE_RIGHTS, ObjectStore, ObjectStoreSettings, provision_keys
from recital_vault.store_users import StoreUser, provision_minio_users

KEYS = "keys"
PATIENCE = 10  # seconds to reach a server


class Settings(BaseSettings):
    """Read from RECITAL_PROVISION_ variables; secrets come as files.

    `secrets` is the folder with `<service>/` and `<service>-owner/` of each service, as make_secrets.py lays them out.
    """

    model_config = SettingsConfigDict(env_prefix="RECITAL_PROVISION_", frozen=True, env_ignore_empty=True)

    secrets: Path

    database_host: str
    database_port: int = 5432
    database_user: str = "postgres"
    """A superuser: it makes databases for roles that it does not belong to."""
    database_password_file: Path
    database_tls: bool = False
    keys_host: str | None = None
    keys_port: int | None = None
    """The server of the database `keys`, where it is another one, with the same administrator."""

    bus_url: str
    bus_seed_file: Path
    bus_replicas: Literal[1, 3, 5] = 1
    """Copies of the stream: 3 on a cluster."""

    object_kind: Literal["minio", "other"]
    """MinIO is told its users; any other store is told by its operator, after what `store-policies` prints."""
    object_endpoint: str
    object_bucket: str
    object_secure: bool = True
    object_access_key_file: Path
    object_secret_key_file: Path

    def secret(self, folder: str, name: str) -> str:
        """Return a secret of a service."""
        return (self.secrets / folder / name).read_text().strip()


app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.command()
def everything() -> None:
    """Make all of it."""
    settings = _read()
    _run(make_databases(settings))
    _run(make_stream(settings))
    _run(make_bucket(settings))


@app.command()
def databases() -> None:
    """Make each service's database with its three roles, and its schema and role in the database `keys`."""
    _run(make_databases(_read()))


@app.command()
def bus() -> None:
    """Make the stream and each service's durable consumer."""
    _run(make_stream(_read()))


@app.command()
def store() -> None:
    """Make the bucket, versioned, and in MinIO a user per service."""
    _run(make_bucket(_read()))


@app.command("store-policies")
def store_policies(bucket: str) -> None:
    """Print what each service's user may do in the bucket, as S3 policies."""
    typer.echo(json.dumps({name: rights.policy(bucket) for name, rights in SERVICE_RIGHTS.items()}, indent=2))


async def make_databases(settings: Settings) -> None:
    """Make or bring up to date the four databases, `keys`, and their roles and passwords."""
    async with _administrator(settings, "postgres") as admin:
        for service in SERVICES:
            passwords = Passwords(
                owner=settings.secret(f"{service}-owner", "owner.password"),
                app=settings.secret(service, "app.password"),
                worker=settings.secret(service, "worker.password"),
            )
            await create_service_database(admin, service, passwords)
    keys_at = (settings.keys_host or settings.database_host, settings.keys_port or settings.database_port)
    async with _administrator(settings, "postgres", at=keys_at) as admin:
        if not await admin.fetchval("select exists (select from pg_database where datname = $1)", KEYS):
            await admin.execute(f"create database {KEYS} template template0 encoding 'UTF8'")
    async with _administrator(settings, KEYS, at=keys_at) as admin:
        for service in SERVICES:
            await provision_keys(admin, service, password=settings.secret(service, "keys.password"))
    typer.echo(f"databases: {', '.join(SERVICES)}, {KEYS}")


async def make_stream(settings: Settings) -> None:
    """Make the stream and the durables, or bring them up to date with the catalogue."""
    await provision_bus(settings.bus_url, settings.bus_seed_file, replicas=settings.bus_replicas)
    typer.echo(f"bus: the stream with {settings.bus_replicas} replicas, and a consumer per service")


async def make_bucket(settings: Settings) -> None:
    """Make the bucket and, in MinIO, a user per service."""
    administrator = ObjectStoreSettings(
        endpoint=settings.object_endpoint,
        bucket=settings.object_bucket,
        access_key_file=settings.object_access_key_file,
        secret_key_file=settings.object_secret_key_file,
        secure=settings.object_secure,
    )
    objects = await ObjectStore.open(administrator)
    try:
        await objects.provision(versioned=True)
    finally:
        objects.close()
    if settings.object_kind == "minio":
        await provision_minio_users(administrator, [_store_user(settings, service) for service in SERVICES])
    typer.echo(f"store: the bucket {settings.object_bucket}")


def _store_user(settings: Settings, service: str) -> StoreUser:
    folder = settings.secrets / service
    return StoreUser(SERVICE_RIGHTS[service], folder / "store-access.key", folder / "store-secret.key")


@asynccontextmanager
async def _administrator(
    settings: Settings, database: str, *, at: tuple[str, int] | None = None
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    host, port = at or (settings.database_host, settings.database_port)
    connection = await asyncpg.connect(
        host=host,
        port=port,
        user=settings.database_user,
        password=settings.database_password_file.read_text().strip(),
        database=database,
        ssl=ssl.create_default_context() if settings.database_tls else None,
        timeout=PATIENCE,
    )
    try:
        yield connection
    finally:
        await connection.close()


def _read() -> Settings:
    return read_settings(Settings, "provision")


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Do it; what goes wrong is said in a line, and whoever started this starts it again."""
    try:
        asyncio.run(work)
    except (RecitalError, OSError, TimeoutError, asyncpg.PostgresError) as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
