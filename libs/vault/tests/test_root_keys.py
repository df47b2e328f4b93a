"""What every provider of a root key does alike; then tenants' keys wrapped anew by it, with nothing sealed touched.

The transit engine here is a small HTTP server that speaks what the root key uses of the API, as its documentation shows
it. It is not Vault and says nothing of Vault's own behaviour; it keeps versions of keys, checks the token, encrypts.
"""

import base64
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from recital_errors import NotFound, Unavailable
from recital_testing import eventually
from recital_vault import FileRootKey, KeyStore, KeyStoreSettings, RootKey, SealBroken
from recital_vault.transit_key import TransitRootKey, TransitSettings

SERVICE = "vaulttest"
TOKEN = "s.root-of-tests"


class TransitEngine(ThreadingHTTPServer):
    """Keys by name, each a list of versions."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.keys: dict[str, list[bytes]] = {}
        self.sealed = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def rotate(self, name: str) -> None:
        self.keys.setdefault(name, []).append(secrets.token_bytes(32))


class _Refused(Exception):
    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(status)
        self.status, self.errors = status, list(errors)


class _Handler(BaseHTTPRequestHandler):
    server: TransitEngine

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def log_message(self, *_args: object) -> None:
        """Nothing is logged."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            status: int = 200
            answer: dict[str, Any] = {"data": self._answer(json.loads(body) if body else {})}
        except _Refused as refused:
            status, answer = refused.status, {"errors": refused.errors}
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        if self.server.sealed:
            raise _Refused(503, "Vault is sealed")
        if self.headers.get("X-Vault-Token") != TOKEN:
            raise _Refused(403, "permission denied")
        _, version, mount, action, name = self.path.split("/")
        if (version, mount) != ("v1", "transit"):
            raise _Refused(404, "no handler for route")
        found = self.server.keys.get(name)
        if action == "keys":
            if not found:
                raise _Refused(404)
            return {"name": name, "latest_version": len(found), "min_decryption_version": 1, "type": "aes256-gcm96"}
        if not found:
            raise _Refused(400, "encryption key not found")
        return _encrypt(found, asked) if action == "encrypt" else _decrypt(found, asked)


def _encrypt(versions: list[bytes], asked: dict[str, Any]) -> dict[str, Any]:
    nonce = secrets.token_bytes(12)
    sealed = nonce + AESGCM(versions[-1]).encrypt(nonce, base64.b64decode(asked["plaintext"]), None)
    return {"ciphertext": f"vault:v{len(versions)}:{base64.b64encode(sealed).decode()}", "key_version": len(versions)}


def _decrypt(versions: list[bytes], asked: dict[str, Any]) -> dict[str, Any]:
    _, version, encoded = asked["ciphertext"].split(":")
    try:
        sealed = base64.b64decode(encoded, validate=True)
        opened = AESGCM(versions[int(version[1:]) - 1]).decrypt(sealed[:12], sealed[12:], None)
    except (InvalidTag, ValueError):
        raise _Refused(400, "cipher: message authentication failed") from None
    return {"plaintext": base64.b64encode(opened).decode()}


@contextmanager
def transit_engine() -> Iterator[TransitEngine]:
    """Serve on a loopback port of its own."""
    engine = TransitEngine()
    thread = Thread(target=engine.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield engine
    finally:
        engine.shutdown()
        engine.server_close()
        thread.join()


@dataclass
class Provided:
    """A provider, and what may befall it."""

    key: RootKey
    make_newer: Callable[[], RootKey]
    take_away: Callable[[], None]
    another: Callable[[], RootKey]


@pytest.fixture(params=["file", "transit"])
def provided(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Provided]:
    if request.param == "file":
        yield _files(tmp_path)
        return
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    with transit_engine() as engine:
        engine.rotate("recital")

        def settings(name: str) -> TransitSettings:
            return TransitSettings(address=engine.address, token_file=token, key=name, timeout=1.0)

        key = TransitRootKey(settings("recital"))

        def newer() -> RootKey:
            engine.rotate("recital")
            return key

        def another() -> RootKey:
            return FileRootKey(_file(tmp_path / "other.key"))

        yield Provided(key, newer, engine.keys.clear, another)


def _file(path: Path) -> Path:
    path.write_bytes(secrets.token_bytes(32))
    path.chmod(0o600)
    return path


def _files(folder: Path) -> Provided:
    first, second = _file(folder / "first.key"), folder / "second.key"

    def newer() -> RootKey:
        return FileRootKey(_file(second), retired=[first])

    def another() -> RootKey:
        return FileRootKey(_file(folder / "other.key"))

    return Provided(FileRootKey(first), newer, first.unlink, another)


def code(refusal: pytest.ExceptionInfo[Unavailable]) -> str:
    return refusal.value.code


async def test_what_it_wraps_it_unwraps_in_the_same_context_only(provided: Provided) -> None:
    wrapped = await provided.key.wrap(b"secret", b"tenant one")
    assert b"secret" not in wrapped
    assert wrapped != await provided.key.wrap(b"secret", b"tenant one")
    assert await provided.key.unwrap(wrapped, b"tenant one") == b"secret"
    with pytest.raises(SealBroken):
        await provided.key.unwrap(wrapped, b"tenant two")
    for damaged in (wrapped[:-3] + b"AAA", wrapped[:12]):
        with pytest.raises(SealBroken):
            await provided.key.unwrap(damaged, b"tenant one")


async def test_a_newer_key_wraps_and_the_older_still_unwraps(provided: Provided) -> None:
    old = await provided.key.wrap(b"secret", b"")
    assert await provided.key.is_newest(old)
    key = provided.make_newer()
    new = await key.wrap(b"secret", b"")
    assert (await key.is_newest(old), await key.is_newest(new)) == (False, True)
    assert await key.unwrap(old, b"") == await key.unwrap(new, b"") == b"secret"


async def test_another_root_key_is_told_from_a_damaged_row(provided: Provided) -> None:
    wrapped = await provided.key.wrap(b"secret", b"")
    foreign = await provided.another().wrap(b"secret", b"")
    for key, what in ((provided.another(), wrapped), (provided.key, foreign)):
        with pytest.raises(Unavailable) as refusal:
            await key.unwrap(what, b"")
        assert code(refusal) == "root_key_differs"


async def test_without_a_root_key_nothing_is_wrapped_and_the_service_is_not_ready(provided: Provided) -> None:
    wrapped = await provided.key.wrap(b"secret", b"")
    await provided.key.ping()
    provided.take_away()
    for ask in (
        provided.key.ping(),
        provided.key.wrap(b"secret", b""),
        provided.key.unwrap(wrapped, b""),
        provided.key.is_newest(wrapped),
    ):
        with pytest.raises(Unavailable) as refusal:
            await ask
        assert code(refusal) == "root_key_unavailable"


async def test_an_engine_that_is_sealed_refuses_us_or_is_away_is_no_root_key(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s.wrong")
    with transit_engine() as engine:
        engine.rotate("recital")
        settings = TransitSettings(address=engine.address, token_file=token, key="recital", timeout=1.0)
        with pytest.raises(Unavailable, match="root_key_unavailable"):
            await TransitRootKey(settings).ping()
        token.write_text(TOKEN)
        await TransitRootKey(settings).ping()
        engine.sealed = True
        with pytest.raises(Unavailable, match="root_key_unavailable"):
            await TransitRootKey(settings).ping()
    token.unlink()
    with pytest.raises(Unavailable, match="root_key_unavailable"):
        await TransitRootKey(settings).ping()


@asynccontextmanager
async def store_of(settings: KeyStoreSettings, key: RootKey) -> AsyncIterator[KeyStore]:
    store = await KeyStore.open(settings, key)
    yield store
    store.close()


async def test_a_newer_root_key_wraps_tenants_keys_anew_and_no_data_key_is_touched(
    provided: Provided,
    key_settings: dict[str, KeyStoreSettings],
    tenant: UUID,
    admin: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    settings = key_settings[SERVICE]
    async with store_of(settings, provided.key) as store:
        tenant_key = await store.create_tenant_key(tenant)
        made = await store.new_key(tenant, tenant, tenant_key)
    rows = f"select wrapped from {SERVICE}.data_keys where tenant_id = $1"
    before = await admin.fetchval(rows, tenant)
    newer = provided.make_newer()
    async with store_of(settings, newer) as store:
        assert await store.rotation.wrap_by_newest_root_key(tenant)
        assert not await store.rotation.wrap_by_newest_root_key(tenant)
        assert not await store.rotation.wrap_by_newest_root_key(UUID(int=1))
    assert await admin.fetchval(rows, tenant) == before
    wrapped = await admin.fetchval(f"select wrapped from {SERVICE}.tenant_keys where tenant_id = $1", tenant)
    assert await newer.is_newest(wrapped)
    async with store_of(settings, newer) as store:
        assert await store.key(tenant, made.id) == made.secret


KeysOf = Callable[..., Awaitable[KeyStore]]


async def test_a_tenants_changed_key_opens_all_that_was_sealed_before_in_every_process(
    keys_of: KeysOf, tenant: UUID, admin: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    one, other = await keys_of(), await keys_of()
    tenant_key = await one.create_tenant_key(tenant)
    made = await one.new_keys(tenant, tenant, tenant_key, count=1_500)
    await other.key(tenant, made[0].id)
    row = f"select wrapped, previous, generation from {SERVICE}.tenant_keys where tenant_id = $1"
    before = await admin.fetchrow(row, tenant)
    assert await one.rotation.change_tenant_key(tenant, tenant_key) == 1_500
    after = await admin.fetchrow(row, tenant)
    assert before is not None
    assert after is not None
    assert (after["wrapped"] != before["wrapped"], after["previous"], after["generation"]) == (True, None, 2)
    for store in (one, other, await keys_of()):
        found = await store.several(tenant, [key.id for key in made])
        assert found == {key.id: key.secret for key in made}
        later = await store.new_key(tenant, tenant, tenant_key)
        assert await (await keys_of()).key(tenant, later.id) == later.secret
    # Wrapped by the old secret, nothing is left.
    left = f"select count(*) from {SERVICE}.data_keys where tenant_id = $1 and generation < 2"
    assert await admin.fetchval(left, tenant) == 0
    with pytest.raises(NotFound, match="tenant_key_missing"):
        await one.rotation.change_tenant_key(tenant, UUID(int=1))


async def test_a_change_that_was_interrupted_is_carried_on(
    keys_of: KeysOf, tenant: UUID, admin: "asyncpg.Connection[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = await keys_of()
    tenant_key = await keys.create_tenant_key(tenant)
    made = await keys.new_keys(tenant, tenant, tenant_key, count=3)

    async def dies(*_args: object) -> int:
        raise Unavailable("killed")

    with monkeypatch.context() as broken:
        broken.setattr("recital_vault.key_rotation._wrap_some", dies)
        with pytest.raises(Unavailable):
            await keys.rotation.change_tenant_key(tenant, tenant_key)
    # Half-way both secrets open what each wrapped.
    fresh = await keys_of()
    later = await fresh.new_key(tenant, tenant, tenant_key)
    assert await fresh.key(tenant, made[0].id) == made[0].secret
    assert await keys.rotation.change_tenant_key(tenant, tenant_key) == 3
    for key in (*made, later):
        assert await (await keys_of()).key(tenant, key.id) == key.secret


async def test_keys_made_while_the_tenants_key_changes_are_never_lost(keys_of: KeysOf, tenant: UUID) -> None:
    keys, maker = await keys_of(), await keys_of()
    tenant_key = await keys.create_tenant_key(tenant)
    made = [await maker.new_key(tenant, tenant, tenant_key)]

    async def changed_and_made() -> bool:
        made.append(await maker.new_key(tenant, tenant, tenant_key))
        await keys.rotation.change_tenant_key(tenant, tenant_key)
        return len(made) > 5

    await eventually(changed_and_made)
    found = await (await keys_of()).several(tenant, [key.id for key in made])
    assert found == {key.id: key.secret for key in made}


async def test_whether_a_tenants_key_is_there_is_asked_of_the_store(
    keys: KeyStore, tenant: UUID, admin: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    tenant_key = await keys.create_tenant_key(tenant)
    assert await keys.tenant_key_there(tenant, tenant_key)
    await admin.execute(f"delete from {SERVICE}.tenant_keys where tenant_id = $1", tenant)
    assert not await keys.tenant_key_there(tenant, tenant_key)
