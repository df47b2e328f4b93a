"""dsar whole and in one process, on a real database, real keys and a real object store.

The bus is away: events are handed to the handlers as the inbox would. Where another service is asked over HTTP, a
script stands in its place, so that it can also be silent, refuse, or give other bytes than it stated; the journey
through the four real services is in test_house.py.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid5

import asyncpg
import httpx
import pytest
import pytest_asyncio
from recital_bus import new_user
from recital_database import Database, DatabaseSettings
from recital_dsar.actions.means import Means
from recital_dsar.consumers import handlers
from recital_dsar.decisions import retry
from recital_dsar.settings import Settings
from recital_dsar.wiring import carriers_of, limits_of, wire
from recital_events import CATALOGUE, Event, PartCollected, TenantChanged, TenantOpened
from recital_identity import LocalIssuer, Role, SigningKey, issue_service
from recital_runtime import Runtime
from recital_testing import eventually
from recital_testing.files import secret_file
from recital_testing.service_secrets import ServiceSecrets

TENANT, OTHER_TENANT = UUID(int=0xA), UUID(int=0xB)
ASKER, COLLEAGUE = UUID(int=0x51), UUID(int=0x52)
RECORDING, CALL = UUID("019aa000-0000-7000-8000-000000000071"), UUID("019aa000-0000-7000-8000-000000000072")
TENANT_FACTS: dict[str, Any] = {
    "country": "NL",
    "time_zone": "Europe/Amsterdam",
    "languages": ("nl", "en"),
    "number_region": "NL",
}
NOWHERE = "127.0.0.1:1"
ISSUER = "https://issuer.example"
WAV = b"RIFF" + bytes(range(256)) * 40
PARTIES = [
    {"party": "customer", "kind": "customer", "subject": str(ASKER)},
    {"party": "agent", "kind": "staff", "subject": str(COLLEAGUE)},
]
VOICES = [{**each, "channel": channel} for channel, each in enumerate(PARTIES)]
PURPOSES = [{"key": "contract_evidence", "version": 1, "basis": "contract", "notice": "We record.", "title": "Proof"}]
TIMELINE = [
    {
        "kind": "notice_played",
        "at": "2026-11-20T10:00:03Z",
        "started_at": "2026-11-20T10:00:00Z",
        "party": "customer",
        "purposes": ["contract_evidence"],
        "completed": True,
    }
]


def some_id(word: str) -> UUID:
    return uuid5(UUID(int=0), word)


def part_of(service: str, *items: dict[str, Any]) -> bytes:
    return json.dumps({"service": service, "items": items}).encode()


def usual_parts() -> dict[str, bytes]:
    at = "2026-11-20T10:00:00Z"
    return {
        "consent": part_of(
            "consent",
            {
                "kind": "identity",
                "id": str(ASKER),
                "name": "A. Person",
                "identifiers": [{"kind": "number", "value": "+31612345678"}],
            },
            {"kind": "call", "id": str(CALL), "at": at, "parties": PARTIES, "purposes": PURPOSES, "timeline": TIMELINE},
        ),
        "ingest": part_of(
            "ingest", {"kind": "recording", "id": str(RECORDING), "call": str(CALL), "at": at, "parties": VOICES}
        ),
        "retention": part_of("retention"),
    }


@dataclass
class Script:
    """What stands in the place of the other services, and what it was asked."""

    subjects: list[UUID] = field(default_factory=lambda: [ASKER])
    known: dict[str, list[UUID]] = field(default_factory=dict)
    parts: dict[str, bytes] = field(default_factory=usual_parts)
    audio: dict[str, bytes] = field(default_factory=lambda: {str(RECORDING): WAV})
    silent: set[str] = field(default_factory=set)
    grant_status: dict[str, int] = field(default_factory=dict)
    grant_code: str = "not_separable"
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    def client(self, service: str) -> httpx.AsyncClient:
        async def answer(request: httpx.Request) -> httpx.Response:
            return self._answer(service, request)

        return httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url=f"http://{service}")

    def paths(self, service: str) -> list[str]:
        return [path for name, path, _ in self.asked if name == service]

    def _answer(self, service: str, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"].startswith("Bearer ")
        body = json.loads(request.content) if request.content else None
        path = request.url.raw_path.decode()
        self.asked.append((service, path, body))
        if self.silent & {service, path}:
            return httpx.Response(503)
        if path.startswith("/internal/v1/inbox"):
            return httpx.Response(200, json={"hours": {}})
        if path == "/v1/subjects/resolve":
            assert body is not None
            named = {str(x) for one in body["identifiers"] for x in self.known.get(one["value"], self.subjects)}
            return httpx.Response(200, json={"subjects": sorted(named)})
        if path in ("/v1/withholdings", *(f"/v1/subjects/{each}/objections" for each in self.subjects)):
            return httpx.Response(201, json={})
        if path.startswith("/v1/collections/"):
            return httpx.Response(200, content=self.parts[service])
        recording = path.split("/")[3]
        if path.endswith("/grants"):
            status = self.grant_status.get(recording, 201)
            return httpx.Response(status, json={"id": str(some_id("grant")), "code": self.grant_code})
        return httpx.Response(200, content=self.audio[recording])


@dataclass
class Office:
    """The service, its doors and the script around it."""

    tenant: ClassVar[UUID] = TENANT
    other_tenant: ClassVar[UUID] = OTHER_TENANT
    asker: ClassVar[str] = str(ASKER)
    recording: ClassVar[str] = str(RECORDING)
    call: ClassVar[str] = str(CALL)
    wav: ClassVar[bytes] = WAV
    parties: ClassVar[list[dict[str, str]]] = PARTIES
    voices: ClassVar[list[dict[str, Any]]] = VOICES

    runtime: Runtime
    settings: Settings
    client: httpx.AsyncClient
    issuer: LocalIssuer
    script: Script
    means: Means
    mail: Any
    neighbour_key: SigningKey = field(default_factory=SigningKey.generate)

    @property
    def database(self) -> Database:
        return self.runtime.database

    def headers(self, *roles: Role, tenant: UUID = TENANT, key: str | None = None) -> dict[str, str]:
        token = self.issuer.access_token(
            audience="recital",
            tenant=tenant,
            roles=roles,
            subject="officer-1",
            now=self.database.clock.now(),
            lifetime=timedelta(minutes=5),
        )
        return {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key else {})}

    def service(self, name: str = "consent") -> dict[str, str]:
        """Return the headers of another service, whose keys are known here as if they had been fetched."""
        self.runtime.neighbours._published[name] = {"keys": [self.neighbour_key.jwk("service")]}
        token = issue_service(name, self.neighbour_key, audience="dsar", now=self.database.clock.now())
        return {"Authorization": f"Bearer {token}"}

    async def hear(self, event: Event, tenant: UUID = TENANT) -> None:
        """Let an event take effect as the inbox does."""
        handler = handlers(self.means)[CATALOGUE[event.name]]
        assert callable(handler)
        async with self.database.transaction(tenant) as tx:
            await handler(tx, event)

    async def open_tenant(self, tenant: UUID = TENANT) -> None:
        await self.hear(TenantOpened(tenant=tenant, opened_at=self.database.clock.now(), **TENANT_FACTS), tenant)

    async def change_tenant(self, **changed: Any) -> None:
        """Let consent tell other settings of the tenant."""
        now = self.database.clock.now()
        await self.hear(TenantChanged(**{"tenant": TENANT, "changed_at": now, **TENANT_FACTS, **changed}))

    async def post(self, path: str, body: Any = None, *roles: Role, key: str | None = None) -> httpx.Response:
        sent = self.headers(*(roles or (Role.PRIVACY_OFFICER,)), key=key)
        return await self.client.post(f"/v1/requests{path}", json=body, headers=sent)

    async def get(self, path: str, *roles: Role, tenant: UUID = TENANT) -> httpx.Response:
        sent = self.headers(*(roles or (Role.PRIVACY_OFFICER,)), tenant=tenant)
        return await self.client.get(f"/v1/requests{path}", headers=sent)

    def ask(self, **changed: Any) -> dict[str, Any]:
        return ask(**changed)

    def part(self, service: str, *items: dict[str, Any]) -> None:
        """Let a service hand in other items."""
        self.script.parts[service] = part_of(service, *items)

    async def receive(self, **changed: Any) -> str:
        """Take a request in and return its id."""
        answer = await self.post("", ask(**changed))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def confirm(self, request: str) -> str:
        """Confirm who asks and return the code."""
        answer = await self.post(f"/{request}/identity", {"outcome": "confirmed", "note": "Passport seen."})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["code"])

    async def show(self, request: str) -> dict[str, Any]:
        answer = await self.get(f"/{request}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def hand_in(self, request: str, *services: str, **wrong: Any) -> None:
        """Let services announce their parts as they are scripted, or with other figures."""
        shown = await self.show(request)
        for service in services or ("consent", "ingest", "retention"):
            body = self.script.parts[service]
            stated = {
                "items": len(json.loads(body)["items"]),
                "size": len(body),
                "sha256": hashlib.sha256(body).hexdigest(),
                **wrong,
            }
            await self.hear(
                PartCollected(
                    part=some_id(f"{shown['order']}{service}"),
                    order=shown["order"],
                    request=request,
                    service=service,
                    collected_at=self.database.clock.now(),
                    **stated,
                )
            )

    def part_event(self, request: str, **changed: Any) -> PartCollected:
        facts = {"part": some_id(str(changed)), "items": 0, "size": 2, "sha256": "0" * 64}
        return PartCollected(request=request, collected_at=self.database.clock.now(), **{**facts, **changed})

    async def until(self, request: str, state: str) -> dict[str, Any]:
        async def reached() -> dict[str, Any] | None:
            shown = await self.show(request)
            return shown if shown["state"] == state else None

        return await eventually(reached, what=f"the request is {state}")

    async def reviewed(self, **changed: Any) -> tuple[str, str]:
        """Bring a request to its review and return its id and code."""
        request = await self.receive(**changed)
        code = await self.confirm(request)
        await self.hand_in(request)
        await self.until(request, "review")
        return request, code

    async def ready(self) -> tuple[str, str]:
        """Bring a request to its package, everything given, and return its id and code."""
        request, code = await self.reviewed()
        assert (await self.post(f"/{request}/decisions", {"all": True, "decision": "give"})).status_code == 200
        assert (await self.post(f"/{request}/package")).status_code == 202
        await self.until(request, "ready")
        return request, code

    async def fetch(self, request: str, code: str) -> httpx.Response:
        """Exchange the code and fetch the package."""
        session = await self.client.post(f"/v1/requests/{request}/session", json={"code": code})
        assert session.status_code == 200, session.text
        token = {"Authorization": f"Bearer {session.json()['token']}"}
        return await self.client.get(f"/v1/requests/{request}/package", headers=token)

    async def rows(self, sql: str, **values: Any) -> list[Any]:
        async with self.database.transaction(TENANT) as tx:
            return list(await tx.execute(sql, values))

    async def events(self, name: str) -> list[dict[str, Any]]:
        return [
            row.data for row in await self.rows("select data from outbox where name = :name order by id", name=name)
        ]

    async def alarms(self) -> set[str]:
        return {row.kind for row in await self.rows("select kind from alarms")}

    async def move_clock(self, interval: str) -> None:
        """Move Recital's time ahead, as `make clock` does; every loop is woken."""
        settings = self.settings.database("dsar")
        assert settings.owner_password_file is not None
        owner = await asyncpg.connect(
            host=settings.host,
            port=settings.port,
            user="dsar_owner",
            password=settings.owner_password_file.read_text(),
            database=settings.name,
        )
        await owner.execute(f"select recital_advance_clock(interval '{interval}')")
        await owner.close()
        await self.database.tick()


def ask(**changed: Any) -> dict[str, Any]:
    return {
        "kind": "access",
        "identifiers": [{"kind": "number", "value": "+31612345678"}],
        "channel": {"kind": "email", "address": "person@example.org"},
        "language": "nl",
        **changed,
    }


@pytest_asyncio.fixture(loop_scope="session")
async def office_of(
    database_settings_of: Callable[..., Awaitable[DatabaseSettings]],
    vault_of: Callable[[str], Awaitable[Any]],
    object_server: Any,
    mail_catcher: Any,
    test_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Callable[..., Awaitable[Office]]]:
    monkeypatch.setattr(retry, "SHORTEST", timedelta(milliseconds=20))  # nobody has to wait out what is tried again
    stack = AsyncExitStack()
    await vault_of("dsar")
    secrets = ServiceSecrets.of(test_folder / "secrets", "dsar")
    issuer = LocalIssuer(SigningKey.generate(), ISSUER)
    for use in ("checkpoint", "service", "order", "subject"):
        (tmp_path / f"{use}.pem").write_bytes(SigningKey.generate().pem())

    async def make(**more: Any) -> Office:
        database = await database_settings_of("dsar")
        away: dict[str, Any] = {
            f"{each}_url": f"http://{NOWHERE}" for each in ("consent", "ingest", "retention", "dsar")
        }
        settings = Settings(
            port=1,
            database_host=database.host,
            database_port=database.port,
            database_name=database.name,
            app_password_file=database.app_password_file,
            worker_password_file=database.worker_password_file,
            owner_password_file=database.owner_password_file,
            bus_url=f"nats://{NOWHERE}",
            bus_seed_file=secret_file(tmp_path / "seed", new_user()[0]),
            object_endpoint=object_server.endpoint,
            object_bucket=object_server.bucket,
            object_secure=False,
            object_access_key_file=object_server.access_key_file,
            object_secret_key_file=object_server.secret_key_file,
            keys_password_file=secrets.password_file("keys"),
            root_key_file=secrets.root_key_file,
            token_issuer=ISSUER,
            token_keys_file=secret_file(tmp_path / "jwks.json", json.dumps(issuer.keys.jwks())),
            signing_key_dir=tmp_path,
            smtp_port=mail_catcher.port,
            smtp_security="none",
            mail_from="privacy@company.example",
            **(away | {"smtp_host": mail_catcher.host} | more),
        )
        app = wire(settings)
        runtime: Runtime = app.state.runtime
        script = Script()
        for service in ("consent", "ingest", "retention"):
            await runtime.neighbours._clients[service].aclose()
            runtime.neighbours._clients[service] = script.client(service)
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app=app)
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://dsar"))

        async def serving() -> bool:
            return runtime.not_serving is None

        await eventually(serving)
        means = Means(runtime, limits_of(settings), carriers_of(settings))
        return Office(runtime, settings, client, issuer, script, means, mail_catcher)

    yield make
    await stack.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def office(office_of: Callable[..., Awaitable[Office]]) -> Office:
    """dsar with one open tenant."""
    made = await office_of()
    await made.open_tenant()
    return made
