"""A vault over the real PostgreSQL and the real object store of this test run; every test has a tenant of its own."""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from recital_testing.ports import OBJECT_PORTS, choose_ports
from recital_testing.servers import Objects, Postgres
from recital_testing.servers.objects import minio_binary
from recital_vault import (
    FileRootKey,
    KeyStore,
    KeyStoreSettings,
    ObjectStore,
    ObjectStoreSettings,
    Vault,
    keys_user,
    provision_keys,
)
from recital_vault.store_client import StoreClient

DATABASE = "vault_keys"
SERVICE, OTHER_SERVICE = "vaulttest", "vaultother"


def new_id() -> UUID:
    return UUID(bytes=secrets.token_bytes(16))


KeysOf = Callable[..., Awaitable[KeyStore]]


@pytest.fixture
def make_id() -> Callable[[], UUID]:
    return new_id


@pytest.fixture
def object_key() -> str:
    return f"{SERVICE}/{new_id()}"


@pytest.fixture
def tenant() -> UUID:
    return new_id()


@pytest.fixture
def root_key_file(tmp_path: Path) -> Path:
    file = tmp_path / "root.key"
    file.write_bytes(secrets.token_bytes(32))
    file.chmod(0o600)
    return file


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def key_settings(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> dict[str, KeyStoreSettings]:
    """The database `vault_keys` with the corners of two services."""
    admin = await postgres.connect()
    await admin.execute(f"create database {DATABASE} template template0 encoding 'UTF8'")
    await admin.close()
    settings = {}
    admin = await postgres.connect(DATABASE)
    for service in (SERVICE, OTHER_SERVICE):
        password_file = tmp_path_factory.mktemp(service) / "password"
        password_file.write_text(f"{secrets.token_urlsafe(12)}'\"\\%s")
        await provision_keys(admin, service, password=password_file.read_text())
        settings[service] = KeyStoreSettings(
            host=postgres.host,
            port=postgres.port,
            user=keys_user(service),
            password_file=password_file,
            schema=service,
            database=DATABASE,
        )
    await admin.close()
    return settings


@pytest_asyncio.fixture(loop_scope="session")
async def admin(
    postgres: Postgres, key_settings: dict[str, KeyStoreSettings]
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """The superuser in that database: to look underneath and to do damage."""
    connection = await postgres.connect(DATABASE)
    yield connection
    await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def keys_of(key_settings: dict[str, KeyStoreSettings], root_key_file: Path) -> AsyncIterator[KeysOf]:
    """Opens key stores as processes would, each with a cache of its own."""
    async with AsyncExitStack() as opened:

        async def make(
            service: str = SERVICE, *, monotonic: Callable[[], float] | None = None, root_key: Path | None = None
        ) -> KeyStore:
            clock = {} if monotonic is None else {"monotonic": monotonic}
            store = await KeyStore.open(key_settings[service], FileRootKey(root_key or root_key_file), **clock)
            opened.callback(store.close)
            return store

        yield make


@pytest_asyncio.fixture(loop_scope="session")
async def keys(keys_of: KeysOf) -> KeyStore:
    return await keys_of()


# The whole suite runs against the store of this run; where that is MinIO, against the wheel's store too.
STORES = ["minio", "seaweedfs"] if minio_binary() else ["seaweedfs"]


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=STORES)
async def object_store_server(
    request: pytest.FixtureRequest, object_server: Objects, test_folder: Path
) -> AsyncIterator[Objects]:
    """Each store there is, one after the other."""
    if request.param == object_server.kind:
        yield object_server
        return
    server = Objects.in_folder(test_folder / "wheel-objects", ports=choose_ports(OBJECT_PORTS), kind="seaweedfs")
    await server.start()
    yield server
    await server.kill()


@pytest.fixture(scope="session")
def object_settings(object_store_server: Objects) -> ObjectStoreSettings:
    return object_store_server.settings()


@pytest_asyncio.fixture(loop_scope="session")
async def objects(object_settings: ObjectStoreSettings) -> AsyncIterator[ObjectStore]:
    store = await ObjectStore.open(object_settings)
    yield store
    store.close()


@pytest_asyncio.fixture(loop_scope="session")
async def vault(keys: KeyStore, objects: ObjectStore) -> AsyncIterator[Vault]:
    opened = Vault(keys, objects)
    yield opened
    opened.close()


REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
HURT = b"hurt-on-the-way"


class BreakingProxy:
    """Breaks single exchanges with the real store on purpose; what is not planned passes.

    `plan` holds the faults to come: refuse, lose_answer, cut_answer, hurt_body, silence, pass.
    """

    def __init__(self, target: str) -> None:
        host, port = target.split(":")
        self._target = (host, int(port))
        self.plan: deque[str] = deque()
        self.requests = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; false when the connection is to end."""
        head, body = await read_message(reader)
        fault = self.plan.popleft() if self.plan else "pass"
        self.requests += 1
        if fault == "refuse":
            writer.write(REFUSAL)
            await writer.drain()
            return False
        if fault == "silence":
            await asyncio.Event().wait()
        if fault == "hurt_body":
            assert HURT in body
            body = body.replace(HURT, HURT.upper())
        there, back = await asyncio.open_connection(*self._target)
        back.write(head + body)
        await back.drain()
        answer_head, answer = await read_message(there, request=head)
        back.close()
        if fault == "lose_answer":
            return False
        if fault == "cut_answer":
            answer = answer[: len(answer) // 2]
        writer.write(answer_head + answer)
        await writer.drain()
        return fault != "cut_answer"


async def read_message(reader: asyncio.StreamReader, *, request: bytes = b"") -> tuple[bytes, bytes]:
    """Head and body of a request, or of the answer to `request`; bodies of stated length only."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = [line.lower() for line in head.split(b"\r\n")]
    if b"transfer-encoding: chunked" in lines:
        return head, await read_chunks(reader)
    lengths = [int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")]
    bodyless = request.startswith(b"HEAD ") or not lengths
    return head, b"" if bodyless else await reader.readexactly(lengths[0])


async def read_chunks(reader: asyncio.StreamReader) -> bytes:
    whole = b""
    while True:
        size = await reader.readuntil(b"\r\n")
        chunk = await reader.readexactly(int(size, 16) + 2)
        whole += size + chunk
        if int(size, 16) == 0:
            return whole


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(object_store_server: Objects) -> AsyncIterator[BreakingProxy]:
    breaking = BreakingProxy(object_store_server.endpoint)
    yield breaking
    await breaking.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def fragile(proxy: BreakingProxy, object_settings: ObjectStoreSettings) -> AsyncIterator[ObjectStore]:
    """The store behind the breaking proxy, with little patience."""
    settings = replace(
        object_settings, endpoint=await proxy.start(), attempts=3, read_timeout=0.5, patience=5.0, connections=4
    )
    store = await ObjectStore.open(settings)
    yield store
    store.close()


@pytest_asyncio.fixture(params=["versioned", "plain"], loop_scope="session")
async def bucket(
    request: pytest.FixtureRequest, object_settings: ObjectStoreSettings
) -> AsyncIterator[tuple[ObjectStore, StoreClient, str]]:
    """The store over a bucket of each kind, and the bare client to do to it what we never do."""
    settings = replace(object_settings, bucket=f"{request.param}-{secrets.token_hex(4)}")
    store = await ObjectStore.open(settings)
    await store.provision(versioned=request.param == "versioned")
    yield store, StoreClient(settings), settings.bucket
    store.close()
