"""The pytest fixtures of the real thing: servers, a migrated database per test, the house of four services.

Loaded with every pytest run, so it imports what a fixture needs only when it is asked for: a pure test pays nothing.
"""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from recital_testing.files import private_folder
from recital_testing.ports import MAIL_PORTS, OBJECT_PORTS, choose_ports
from recital_testing.processes import running_pid, write_pid_file
from recital_testing.services import SERVICES

if TYPE_CHECKING:
    from recital_bus import Bus
    from recital_database import Database, DatabaseSettings
    from recital_vault import ObjectStore, Vault

    from recital_testing.databases import Databases
    from recital_testing.house import House
    from recital_testing.servers import Mail, Nats, Objects, Postgres, Servers
    from recital_testing.vaults import Vaults

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own in it, 0700
MEMORY_NEEDED = 1 << 30
SERVER_FIXTURES = frozenset({"postgres", "nats_server", "object_server", "mail_catcher", "servers"})

DatabaseOf = Callable[..., Awaitable["Database"]]
DatabaseSettingsOf = Callable[..., Awaitable["DatabaseSettings"]]
VaultOf = Callable[[str], Awaitable["Vault"]]
BusOf = Callable[[str], Awaitable["Bus"]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the servers or the house by the fixtures it asks for: `-m "not servers"` leaves it out."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & SERVER_FIXTURES:
            item.add_marker(pytest.mark.servers)
        if "house" in fixtures:
            item.add_marker(pytest.mark.house)


@pytest.fixture(scope="session")
def test_folder(pytestconfig: pytest.Config) -> Iterator[Path]:
    """A folder of this run for servers' data, in memory where there is room; gone afterwards."""
    root = (
        MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED else pytestconfig.rootpath / ".run"
    )
    _sweep(root)
    folder = private_folder(root / f"recital-tests-{os.getpid()}")
    write_pid_file(folder / "tests.pid", os.getpid())
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(test_folder: Path) -> AsyncIterator["Postgres"]:
    """One PostgreSQL for all tests of this run."""
    from recital_testing.servers import Postgres  # noqa: PLC0415 - see the module's first lines

    server = Postgres.in_folder(test_folder / "postgres")
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def object_server(test_folder: Path) -> AsyncIterator["Objects"]:
    """One object store for all tests of this run, its bucket made."""
    from recital_testing.servers import Objects  # noqa: PLC0415 - see the module's first lines

    server = Objects.in_folder(test_folder / "objects", ports=choose_ports(OBJECT_PORTS))
    await server.start()
    yield server
    await server.kill()  # its data goes with the run, so nothing needs writing


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def nats_server(test_folder: Path) -> AsyncIterator["Nats"]:
    """One NATS for all tests of this run: a user and seed file per service, and the provisioner's; no stream yet."""
    from recital_testing.servers import Nats  # noqa: PLC0415 - see the module's first lines

    server = Nats.in_folder(test_folder / "nats", port=choose_ports(["nats"])["nats"], users=SERVICES)
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mail_catcher(test_folder: Path) -> AsyncIterator["Mail"]:
    """One SMTP server for all tests of this run that keeps what it is sent: use addresses of your own."""
    from recital_testing.servers import Mail  # noqa: PLC0415 - see the module's first lines

    ports = choose_ports(MAIL_PORTS)
    server = Mail.in_folder(test_folder / "mail", port=ports["mail"], view_port=ports["mail_view"])
    await server.start()
    yield server
    await server.kill()


@pytest.fixture(scope="session")
def servers(postgres: "Postgres", nats_server: "Nats", object_server: "Objects", mail_catcher: "Mail") -> "Servers":
    """All four."""
    from recital_testing.servers import Servers  # noqa: PLC0415 - see the module's first lines

    return Servers(postgres=postgres, nats=nats_server, objects=object_server, mail=mail_catcher)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(test_folder: Path) -> AsyncIterator["House"]:
    """The four services as processes over servers of their own, for all tests of this run; a test opens its tenants."""
    from recital_testing.house import House  # noqa: PLC0415 - see the module's first lines

    running = House(test_folder / "house")
    await running.start()
    yield running
    await running.stop()


@pytest.fixture(scope="session")
def _databases(postgres: "Postgres", test_folder: Path) -> "Databases":
    from recital_testing.databases import Databases  # noqa: PLC0415 - see the module's first lines

    return Databases(postgres, test_folder / "secrets")


@pytest_asyncio.fixture(loop_scope="session")
async def database_settings_of(_databases: "Databases") -> AsyncIterator[DatabaseSettingsOf]:
    """`await database_settings_of("consent")`: a migrated database of its own; `versions=` for other migrations."""
    copies = []

    async def make(service: str, *, versions: Path | None = None) -> "DatabaseSettings":
        copies.append(await _databases.copy(service, versions))
        return copies[-1]

    yield make
    for copy in copies:
        await _databases.drop(copy)


@pytest_asyncio.fixture(loop_scope="session")
async def database_of(database_settings_of: DatabaseSettingsOf) -> AsyncIterator[DatabaseOf]:
    """`await database_of("consent")`: the same, opened as the service opens it."""
    from recital_database import Database  # noqa: PLC0415 - see the module's first lines

    opened = []

    async def make(service: str, *, versions: Path | None = None) -> "Database":
        opened.append(await Database.open(await database_settings_of(service, versions=versions)))
        return opened[-1]

    yield make
    for database in opened:
        await database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def object_store(object_server: "Objects") -> AsyncIterator["ObjectStore"]:
    """The vault room's object store, open on the run's one bucket: use keys of your own."""
    from recital_vault import ObjectStore  # noqa: PLC0415 - see the module's first lines

    store = await ObjectStore.open(object_server.settings())
    yield store
    store.close()


@pytest.fixture(scope="session")
def _vaults(postgres: "Postgres", object_server: "Objects", test_folder: Path) -> "Vaults":
    from recital_testing.vaults import Vaults  # noqa: PLC0415 - see the module's first lines

    return Vaults(postgres, object_server, test_folder / "secrets")


@pytest_asyncio.fixture(loop_scope="session")
async def vault_of(_vaults: "Vaults", object_store: "ObjectStore") -> AsyncIterator[VaultOf]:
    """`await vault_of("ingest")`: a service's vault; a second one sees the same keys, through a cache of its own.

    The control ledger is one for the bucket, so it is emptied afterwards: the next test's services would apply it.
    """
    opened = []

    async def make(service: str) -> "Vault":
        opened.append(await _vaults.open(service))
        return opened[-1]

    yield make
    for vault in opened:
        vault.close()
    for key in await object_store.list_keys("control/") if opened else ():
        await object_store.erase(key)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bus_stream(nats_server: "Nats") -> "Nats":
    """The run's NATS with the stream and every service's durable consumer, as the catalogue has them."""
    from recital_bus import PROVISIONER, provision  # noqa: PLC0415 - see the module's first lines

    await provision(nats_server.url, nats_server.seed_file(PROVISIONER))
    return nats_server


@pytest_asyncio.fixture(loop_scope="session")
async def bus_of(bus_stream: "Nats") -> AsyncIterator[BusOf]:
    """`await bus_of("consent")`: the bus as that service may use it; earlier tests' events are in the stream."""
    from recital_bus import Bus, BusSettings  # noqa: PLC0415 - see the module's first lines

    opened = []

    async def make(service: str) -> "Bus":
        settings = BusSettings(url=bus_stream.url, seed_file=bus_stream.seed_file(service), service=service)
        opened.append(await Bus.connect(settings))
        return opened[-1]

    yield make
    for bus in opened:
        await bus.close()


def _sweep(root: Path) -> None:
    """Remove what test runs that were killed have left; their servers ended with them."""
    for folder in root.glob("recital-tests-*"):
        # Another run's folder is there a moment before its pid file is; its name tells whose it is.
        beginning = not (folder / "tests.pid").exists() and Path("/proc", folder.name.rpartition("-")[2]).exists()
        if running_pid(folder / "tests.pid") is None and not beginning and folder.stat().st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)
