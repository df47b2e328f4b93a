"""The command line of every service: serve, migrate, check-config, and what an operator does to events that failed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import typer
import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError
from pydantic_settings import BaseSettings
from recital_database import Database, DeadLetter, dead_letter, dead_letters, drop_letter, replay_letter
from recital_database.outbox import begin_epoch, replay
from recital_errors import RecitalError

from recital_runtime import logs
from recital_runtime.process import Runtime
from recital_runtime.settings import ServiceSettings

Settings = TypeVar("Settings", bound=BaseSettings)


@dataclass(frozen=True, slots=True)
class Service:
    """What the command line needs to know of a service: its name, settings, wiring and folder of migrations.

    `wire` makes the application; its `state.runtime` is the Runtime it was made with.
    """

    name: str
    settings: type[ServiceSettings]
    wire: Callable[..., FastAPI]
    migrations: Path

    def read(self) -> ServiceSettings:
        """Read the settings; says which variable is wrong and ends with 2 where they are not complete."""
        return read_settings(self.settings, self.name)

    def on_database(self, work: Callable[[Database], Awaitable[None]]) -> None:
        """Do something on the service's database; an error is said in one line and ends with 1."""

        async def run() -> None:
            database = await Database.open(self.read().database(self.name))
            try:
                await work(database)
            finally:
                await database.close()

        try:
            asyncio.run(run())
        except RecitalError as error:
            typer.echo(f"{error.code}: {error.detail}", err=True)
            raise typer.Exit(1) from None


def read_settings(settings: type[Settings], name: str) -> Settings:
    """Read settings from the variables RECITAL_<name>_...; says which is wrong and ends with 2 where any is."""
    try:
        return settings()
    except ValidationError as error:
        for each in error.errors():
            variable = f"RECITAL_{name}_{'_'.join(map(str, each['loc']))}".upper()
            typer.echo(f"{variable}: {each['msg']}", err=True)
        raise typer.Exit(2) from None


def main(name: str, settings: type[ServiceSettings], wire: Callable[..., FastAPI], migrations: Path) -> None:
    """Run the command line of a service; `migrations` is its folder of versions."""
    command(Service(name, settings, wire, migrations))()


def command(service: Service) -> typer.Typer:
    """Return the command line of a service."""
    app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
    _running(app, service)
    _outbox(app, service)
    app.add_typer(_letters(service), name="dead-letters")
    return app


def _running(app: typer.Typer, service: Service) -> None:
    @app.command()
    def serve() -> None:
        """Serve until asked to stop (SIGTERM or Ctrl-C)."""
        settings = service.read()
        logs.configure(service.name)
        uvicorn.run(
            service.wire(settings),
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=settings.stop_within,
        )

    @app.command("migrate")
    def migrate_database() -> None:
        """Bring the database to the newest version and make the coming months' partitions, as its owner."""
        from recital_database.migrating import migrate  # noqa: PLC0415 - alembic costs every other command 0.1 s

        migrate(service.read().database(service.name), service.name, service.migrations)

    @app.command("check-config")
    def check_config() -> None:
        """Read the settings and wire the process without opening anything; exit 2 names what is wrong."""
        service.wire(service.read())
        typer.echo(f"{service.name}: the configuration is complete")


def _outbox(app: typer.Typer, service: Service) -> None:
    @app.command("replay-outbox")
    def replay_outbox(since: Annotated[datetime, typer.Option(help="An instant with its zone.")]) -> None:
        """Publish again all that happened since an instant; consumers know what they had."""

        async def work(database: Database) -> None:
            async with database.work() as tx:
                typer.echo(f"{await replay(tx, since.astimezone())} events will be published again")

        service.on_database(work)

    @app.command()
    def restored() -> None:
        """Say, before it serves again, that the database was restored from a backup: others follow what it tells on."""

        async def work(database: Database) -> None:
            async with database.work() as tx:
                typer.echo(f"epoch {await begin_epoch(tx)} has begun")

        service.on_database(work)


def _letters(service: Service) -> typer.Typer:
    letters = typer.Typer(no_args_is_help=True, help="Events that could not take effect.")
    _reading(letters, service)
    _mending(letters, service)
    return letters


async def _find(database: Database, letter: UUID) -> DeadLetter:
    async with database.work() as tx:
        return await dead_letter(tx, letter)


def _reading(letters: typer.Typer, service: Service) -> None:
    @letters.command("list")
    def list_letters(state: str = "open") -> None:
        """List dead letters, oldest first."""

        async def work(database: Database) -> None:
            async with database.work() as tx:
                for each in await dead_letters(tx, state=state):
                    typer.echo(f"{each.id}  {each.failed_at:%Y-%m-%dT%H:%MZ}  {each.subject}  {each.code}")

        service.on_database(work)

    @letters.command()
    def explain(letter: UUID) -> None:
        """Show why an event failed and what it says (events hold no personal data)."""

        async def work(database: Database) -> None:
            found = await _find(database, letter)
            typer.echo(f"tenant  {found.tenant}\nsubject {found.subject}\nfailed  {found.failed_at}")
            typer.echo(f"code    {found.code}\nwhy     {found.detail}\nstate   {found.state}")
            typer.echo(found.payload.decode(errors="replace"))

        service.on_database(work)


def _mending(letters: typer.Typer, service: Service) -> None:
    @letters.command("replay")
    def replay_one(letter: UUID) -> None:
        """Try an event again; what it held back follows by itself."""

        async def work(database: Database) -> None:
            runtime: Runtime = service.wire(service.read()).state.runtime
            await runtime.open_vault()
            found = await _find(database, letter)
            async with database.transaction(found.tenant) as tx:
                went = await replay_letter(tx, found, runtime.handlers)
            typer.echo("it took effect" if went else "it waits for a fact or for an earlier event")

        service.on_database(work)

    @letters.command()
    def drop(letter: UUID, because: Annotated[str, typer.Option(help="Kept with the dead letter.")]) -> None:
        """Give an event up for a stated reason; its aggregate's later events go on without it."""

        async def work(database: Database) -> None:
            found = await _find(database, letter)
            async with database.transaction(found.tenant) as tx:
                await drop_letter(tx, found, because)

        service.on_database(work)
