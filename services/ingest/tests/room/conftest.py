"""Ingest in one process on a real database, real keys and a real object store.

The bus is away: events are handed to the handlers as the inbox would, each in a transaction of its own, and loops run
when a test says so. What consent and retention answer over HTTP is said by the test; the four real services together
are in test_house.py.
"""

import base64
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import pytest_asyncio
from recital_bus import new_user
from recital_database import Database, DatabaseSettings, Together
from recital_events import CATALOGUE, ErasureOrdered, Event, PurposePublished, RequestReceived, TenantOpened
from recital_identity import LocalIssuer, Order, Role, SigningKey, TokenKind, issue_order, sign
from recital_ingest.actions.crashpoints import Crash
from recital_ingest.actions.means import Means
from recital_ingest.consumers import handlers
from recital_ingest.model.sound import Encoding, Sound
from recital_ingest.settings import Settings
from recital_ingest.wiring import limits_of, wire
from recital_runtime import Runtime
from recital_testing.service_secrets import ServiceSecrets
from recital_vault import Vault

TENANT, PURPOSE = UUID(int=2), UUID(int=6)
NOWHERE = "127.0.0.1:1"
ISSUER = "https://issuer.example"
_numbers = itertools.count(0x1000)


def fresh() -> UUID:
    """Return an id that nothing has yet."""
    return UUID(int=next(_numbers))


@dataclass
class Neighbourhood:
    """What the other services answer, and how the test changes it."""

    permit_key: SigningKey
    order_key: SigningKey
    verdict: dict[str, Any] = field(default_factory=dict)
    """Overrules what consent says of a permit."""
    clock: dict[str, Any] = field(default_factory=dict)
    """Overrules what retention says of the one clock."""
    restricted: bool = False
    destruction_began: bool = False
    """Whether retention has passed the point of no return."""
    staff: UUID | None = None
    """Whom consent says a member of staff is."""
    rectification: dict[str, Any] | None = None
    """What dsar tells of a correction."""
    silent: set[str] = field(default_factory=set)
    """Neighbours that do not answer."""
    asked: list[str] = field(default_factory=list)
    before_verdict: Callable[[], Awaitable[None]] | None = None

    async def answer(self, request: httpx.Request) -> httpx.Response:
        name, path = request.url.host, request.url.path
        self.asked.append(f"{name}{path}")
        if name in self.silent:
            raise httpx.ReadTimeout("no answer", request=request)
        if path == "/.well-known/jwks.json":
            keys = [self.permit_key.jwk("permit")] if name == "consent" else [self.order_key.jwk("order")]
            return httpx.Response(200, json={"keys": keys})
        if path == "/v1/permits/verify":
            if self.before_verdict:
                await self.before_verdict()
            claims = json.loads(request.content)["permit"].split(".")[1]
            said = json.loads(_decoded(claims))
            answer = {"status": 200, "stands": True, "spans": said.get("spans"), "final": True} | self.verdict
            return httpx.Response(answer.pop("status"), json=answer)
        if path == "/v1/staff/me":
            return httpx.Response(200, json={"subject": str(self.staff)}) if self.staff else httpx.Response(404)
        if path.startswith("/internal/v1/rectifications/"):
            told = self.rectification
            return httpx.Response(200, json=told) if told else httpx.Response(404, json={"code": "not_found"})
        if self.destruction_began:
            return httpx.Response(410, json={"code": "deletion_began"})
        due = "2027-05-24T09:00:10Z"
        clock = {"purpose": str(PURPOSE), "key": "contract", "due_at": due, "expired": False} | self.clock
        return httpx.Response(
            200, json={"recording": path.split("/")[3], "clocks": [clock], "restricted": self.restricted, "held": False}
        )


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "==")


@dataclass
class Room:
    """The service, its doors, and its neighbours."""

    runtime: Runtime
    settings: Settings
    means: Means
    client: httpx.AsyncClient
    issuer: LocalIssuer
    neighbours: Neighbourhood
    claims: Callable[..., dict[str, Any]]
    before: frozenset[str] = frozenset()
    """Objects that other tests left in the store."""

    @property
    def database(self) -> Database:
        return self.runtime.database

    @property
    def vault(self) -> Vault:
        return self.runtime.vault

    @property
    def now(self) -> datetime:
        return self.database.clock.now()

    async def hear(self, *events: Event, tenant: UUID = TENANT) -> None:
        """Let events take effect as the inbox does."""
        for event in events:
            handler = handlers(self.means)[CATALOGUE[event.name]]
            assert handler is not None
            async with self.database.transaction(tenant) as tx:
                if isinstance(handler, Together):
                    await handler.handle(tx, [event])
                else:
                    assert await handler(tx, event) is None, event.name

    async def open_tenant(self, tenant: UUID = TENANT) -> None:
        opened = TenantOpened(
            tenant=tenant,
            country="NL",
            time_zone="Europe/Amsterdam",
            languages=("nl",),
            number_region="NL",
            opened_at=self.now,
        )
        purpose = PurposePublished(
            purpose=PURPOSE,
            key="contract",
            version=1,
            basis="contract",
            retention="P6M",
            roles=("case_handler",),
            hold_suppressed=True,
            in_force_from=self.now,
        )
        await self.hear(opened, purpose, tenant=tenant)

    # Asking

    def token(self, *roles: Role, tenant: UUID | None = TENANT, subject: str = "somebody") -> dict[str, str]:
        token = self.issuer.access_token(
            audience="recital",
            tenant=tenant,
            roles=roles,
            subject=subject,
            now=self.now,
            lifetime=timedelta(minutes=30),
        )
        return {"Authorization": f"Bearer {token}"}

    def order(self, request: UUID, *subjects: UUID, actions: tuple[str, ...] = ("collect", "render")) -> dict[str, str]:
        ordered = Order(TENANT, request, frozenset(actions), frozenset(subjects))
        token = issue_order(ordered, self.neighbours.order_key, audience="ingest", now=self.now)
        return {"Authorization": f"Bearer {token}"}

    def permit(self, **changes: Any) -> str:
        """Return a permit that consent might have signed, for a call of its own."""
        now = int(self.now.timestamp())
        issued = {"iss": "recital/consent", "aud": "ingest", "iat": now, "exp": now + 600}
        claims = self.claims(jti=str(fresh()), call=str(fresh()), tenant=str(TENANT)) | issued | changes
        return sign(TokenKind.PERMIT, claims, self.neighbours.permit_key)

    async def send(self, permit: str, body: Any, *, role: Role = Role.INTEGRATOR, **headers: str) -> httpx.Response:
        """Send audio in; header names with underscores for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        said = self.token(role) | {"Recital-Permit": permit, "Content-Type": "audio/wav"} | named
        return await self.client.post("/v1/recordings", content=body, headers=said)

    async def recorded(self, body: bytes, **changes: Any) -> dict[str, Any]:
        """Return a recording that was taken in."""
        answer = await self.send(self.permit(**changes), body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def grant(self, recording: str, who: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        wish = {"purpose": "contract", "reason": "a complaint"} | body
        headers = who or self.token(Role.CASE_HANDLER)
        return await self.client.post(f"/v1/recordings/{recording}/grants", json=wish, headers=headers)

    async def play(
        self,
        recording: str,
        grant: str,
        who: dict[str, str] | None = None,
        *,
        ranges: str | None = None,
        mute: str = "",
    ) -> httpx.Response:
        headers = (who or self.token(Role.CASE_HANDLER)) | ({"Range": ranges} if ranges else {})
        asked = {"grant": grant} | ({"mute": mute} if mute else {})
        return await self.client.get(f"/v1/recordings/{recording}/audio", params=asked, headers=headers)

    async def request_received(self, *subjects: UUID) -> UUID:
        request = fresh()
        await self.hear(RequestReceived(request=request, kind="access", subjects=subjects, received_at=self.now))
        return request

    def ordered(self, holding: str | UUID, kind: Any = "recording", **changes: Any) -> ErasureOrdered:
        facts = {
            "order": fresh(),
            "holding": holding,
            "kind": kind,
            "ground": "retention_ended",
            "control_sequence": 1,
            "ordered_at": self.now,
        }
        return ErasureOrdered.model_validate(facts | changes)

    # Looking

    async def rows(self, sql: str, tenant: UUID = TENANT, **values: Any) -> list[Any]:
        async with self.database.transaction(tenant) as tx:
            found = await tx.execute(sql, values)
            return list(found) if found.returns_rows else []

    async def events(self, name: str, tenant: UUID = TENANT) -> list[dict[str, Any]]:
        """Return what was announced, in order."""
        found = await self.rows("select data from outbox where name = :name order by id", tenant, name=name)
        return [json.loads(row.data) if isinstance(row.data, str) else row.data for row in found]

    async def ledger(self, tenant: UUID = TENANT) -> list[str]:
        """Return the kinds of the ledger's entries, in order."""
        return [row.kind for row in await self.rows("select kind from ledger_entries order by id", tenant)]

    async def alarms(self) -> set[str]:
        return {row.kind for row in await self.rows("select kind from alarms")}

    async def left(self) -> tuple[int, int, int, int]:
        """Return how many uploads, recordings, objects and open multipart uploads there are of this room."""
        [counts] = await self.rows("select (select count(*) from uploads) as u, (select count(*) from recordings) as r")
        objects = [key for key in await self.vault.objects.list_keys("ingest/") if key not in self.before]
        uploads = await self.vault.objects.open_uploads("ingest/")
        return counts.u, counts.r, len(objects), len(uploads)

    async def owner(self, sql: str) -> None:
        """Do something as the database's owner, as `make clock` does."""
        settings = self.settings.database("ingest")
        assert settings.owner_password_file is not None
        connection = await asyncpg.connect(
            host=settings.host,
            port=settings.port,
            user="ingest_owner",
            password=settings.owner_password_file.read_text(),
            database=settings.name,
        )
        await connection.execute(sql)
        await connection.close()
        await self.database.tick()

    async def later(self, interval: str) -> None:
        """Move Recital's time ahead."""
        exact = f"extract(epoch from recital_now() + interval '{interval}' - recital_now())"
        await self.owner(f"select recital_advance_clock(make_interval(secs => {exact}))")


RoomOf = Callable[..., Awaitable[Room]]


@pytest_asyncio.fixture(loop_scope="session")
async def room_of(
    database_settings_of: Callable[..., Awaitable[DatabaseSettings]],
    vault_of: Callable[[str], Awaitable[Vault]],
    object_server: Any,
    test_folder: Path,
    tmp_path: Path,
    claims: Callable[..., dict[str, Any]],
) -> AsyncIterator[RoomOf]:
    """`await room_of()`: ingest with one open tenant; keyword arguments are settings, `beside` makes a replica."""
    stack = AsyncExitStack()
    await vault_of("ingest")
    secrets = ServiceSecrets.of(test_folder / "secrets", "ingest")
    issuer = LocalIssuer(SigningKey.generate(), ISSUER)
    for use in ("checkpoint", "service"):
        (tmp_path / f"{use}.pem").write_bytes(SigningKey.generate().pem())
    (tmp_path / "seed").write_text(new_user()[0])
    (tmp_path / "jwks.json").write_text(json.dumps(issuer.keys.jwks()))

    async def make(beside: Room | None = None, **changes: Any) -> Room:
        found = beside.settings.database("ingest") if beside else await database_settings_of("ingest")
        told: dict[str, Any] = {
            "port": 1,
            "database_host": found.host,
            "database_port": found.port,
            "database_name": found.name,
            "app_password_file": found.app_password_file,
            "worker_password_file": found.worker_password_file,
            "owner_password_file": found.owner_password_file,
            "bus_url": f"nats://{NOWHERE}",
            "bus_seed_file": tmp_path / "seed",
            "object_endpoint": object_server.endpoint,
            "object_bucket": object_server.bucket,
            "object_secure": False,
            "object_access_key_file": object_server.access_key_file,
            "object_secret_key_file": object_server.secret_key_file,
            "keys_password_file": secrets.password_file("keys"),
            "root_key_file": secrets.root_key_file,
            "token_issuer": ISSUER,
            "token_keys_file": tmp_path / "jwks.json",
            "signing_key_dir": tmp_path,
            **{f"{name}_url": f"http://{name}" for name in ("consent", "ingest", "retention", "dsar")},
        }
        settings = Settings(**(told | changes))
        app = wire(settings)
        runtime: Runtime = app.state.runtime
        neighbours = beside.neighbours if beside else Neighbourhood(SigningKey.generate(), SigningKey.generate())
        for name, client in runtime.neighbours._clients.items():
            await client.aclose()
            runtime.neighbours._clients[name] = httpx.AsyncClient(
                transport=httpx.MockTransport(neighbours.answer), base_url=f"http://{name}"
            )
        means = Means(runtime, limits_of(settings), Crash(None))
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://ingest"))
        room = Room(runtime, settings, means, client, issuer, neighbours, claims)
        await runtime.database.tick()
        await runtime.open_vault()
        runtime.tokens.trust(issuer.keys)
        runtime.not_serving = None
        stack.push_async_callback(runtime.database.close)
        stack.callback(runtime.vault.close)
        stack.push_async_callback(runtime.neighbours.close)
        room.before = frozenset(await runtime.vault.objects.list_keys("ingest/"))
        if beside is None:
            await room.open_tenant()
        return room

    yield make
    await stack.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def room(room_of: RoomOf) -> Room:
    """Ingest with one open tenant and one purpose."""
    return await room_of()


@pytest.fixture
def call(wav: Callable[..., bytes], samples: Callable[..., bytes]) -> bytes:
    """Ten seconds of stereo in a file with chunks beside the audio, of odd sizes; tests of one kind have their own."""
    sound = Sound(Encoding.MU_LAW, 2, 8_000)
    return wav(sound, samples(sound, 80_000), before=((b"LIST", b"abc"),), after=((b"bext", b"12345"),))


@pytest.fixture
def long_call(wav: Callable[..., bytes], samples: Callable[..., bytes]) -> bytes:
    """Ten minutes would be slow: 60 seconds of stereo at 48 kHz, 11 MiB, three pieces."""
    sound = Sound(Encoding.PCM_16, 2, 48_000)
    return wav(sound, samples(sound, 60 * 48_000))
