"""Retention in one process on a real database, real keys and a real object store.

The bus is away: events are handed to the handlers as the inbox would, each in a transaction of its own. The loops do
not run by themselves; `settle` runs them until nothing moves. The owners of holdings answer when a test says so.
"""

import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import asyncpg
import httpx
import pytest_asyncio
import recital_events as told
from recital_bus import new_user
from recital_database import Database, DatabaseSettings, NotYet, Together
from recital_identity import LocalIssuer, Order, Role, SigningKey, issue_order
from recital_retention.actions.means import Means
from recital_retention.consumers import handlers
from recital_retention.model import Residue
from recital_retention.schedule import care_for_parts, carry_orders_through, certify, look_at_due
from recital_retention.settings import RetentionSettings
from recital_retention.wiring import wire
from recital_runtime import Runtime
from recital_testing import eventually
from recital_testing.service_secrets import ServiceSecrets

TENANT, OTHER_TENANT = UUID(int=0xA), UUID(int=0xB)
NOWHERE = "127.0.0.1:1"
SERVICES = ("consent", "ingest", "retention", "dsar")
ISSUER = "https://issuer.example"
PASSWORD_FILES = ("app_password_file", "worker_password_file", "owner_password_file")
CONTRACT, QUALITY = UUID(int=0xC1), UUID(int=0xC2)
CUSTOMER, AGENT = UUID(int=0x51), UUID(int=0x52)
BOTH = (told.PurposeSpans(purposes=("contract", "quality"), spans=((0, 60_000),)),)
_numbers = itertools.count(0x1000)
E = TypeVar("E", bound=told.Event)
USUAL: dict[str, Any] = (
    {"country": "NL", "languages": ("nl", "en"), "number_region": "NL", "hold_suppressed": True, "private": False}
    | {"key": "other", "version": 1, "basis": "contract", "retention": "P1M", "roles": ("case_handler",)}
    | {"subjects": (CUSTOMER, AGENT), "reason": "objected", "kind": "access", "outcome": "delivered"}
    | {"cause": "store_refuses", "received_sha256": "0" * 64, "spans": BOTH}
)
USUAL["parties"] = [
    {"party": "customer", "subject": CUSTOMER, "kind": "customer"},
    {"party": "agent", "subject": AGENT, "kind": "staff"},
]
_PURPOSES = ((CONTRACT, "contract"), (QUALITY, "quality"))
USUAL["purposes"] = [{"purpose": purpose, "key": key, "version": 1} for purpose, key in _PURPOSES]


def fresh() -> UUID:
    """An id no other test has."""
    return UUID(int=next(_numbers))


def made(event: type[E], now: datetime, /, **given: Any) -> E:
    """An event with what is given; for the rest the usual, an id of its own, this moment."""
    facts = dict(given)
    for name, each in event.model_fields.items():
        if name not in facts and each.is_required():
            facts[name] = USUAL[name] if name in USUAL else fresh() if each.annotation is UUID else now
    return event.model_validate(facts)


@dataclass
class Room:
    """The service, its doors, and the neighbours' answers."""

    customer: ClassVar[UUID] = CUSTOMER
    agent: ClassVar[UUID] = AGENT
    contract: ClassVar[UUID] = CONTRACT
    quality: ClassVar[UUID] = QUALITY
    other_tenant: ClassVar[UUID] = OTHER_TENANT
    fresh = staticmethod(fresh)

    runtime: Runtime
    settings: RetentionSettings
    issuer: LocalIssuer
    order_key: SigningKey
    means: Means
    client: httpx.AsyncClient
    deaf: set[str] = field(default_factory=set)  # kinds of place that an owner cannot destroy
    answered: set[UUID] = field(default_factory=set)
    last_end: datetime | None = None

    @property
    def database(self) -> Database:
        return self.runtime.database

    @property
    def now(self) -> datetime:
        return self.database.clock.now()

    # Events in

    async def heard(self, event: told.Event, tenant: UUID = TENANT) -> NotYet | None:
        """Let an event take effect as the inbox does, and return what it waits for."""
        handler = handlers(self.means)[told.CATALOGUE[event.name]]
        if isinstance(handler, Together):
            handler = handler.alone
        assert callable(handler)
        async with self.database.transaction(tenant) as tx:
            return await handler(tx, event)

    async def hear(self, *events: told.Event, tenant: UUID = TENANT) -> None:
        for event in events:
            assert await self.heard(event, tenant) is None, event.name

    async def open_tenant(self, tenant: UUID = TENANT) -> None:
        await self.hear(self.tenant_opened(tenant), tenant=tenant)
        await self.publish(CONTRACT, "contract", "P6M", tenant=tenant)
        await self.publish(QUALITY, "quality", "P1M", tenant=tenant)

    async def publish(self, purpose: UUID, key: str, retention: str, version: int = 1, tenant: UUID = TENANT) -> None:
        published = self.published(purpose=purpose, key=key, retention=retention, version=version)
        await self.hear(published, tenant=tenant)

    async def call(self, *subjects: UUID, ended: bool = True, private: bool = False, tenant: UUID = TENANT) -> UUID:
        """A registered call, and ended unless said otherwise."""
        call, who = fresh(), subjects or (CUSTOMER, AGENT)
        await self.hear(self.made(told.CallRegistered, call=call, subjects=who), tenant=tenant)
        if ended:
            await self.hear(self.call_ended(call, self.now, subjects=who, private=private), tenant=tenant)
        return call

    async def recording(self, call: UUID | None = None, **changed: Any) -> told.RecordingStored:
        """A stored recording of a call, under both purposes."""
        event = self.stored(call or await self.call(), **changed)
        await self.hear(event)
        return event

    # Events, made

    def made(self, event: type[E], /, **given: Any) -> E:
        return made(event, self.now, **given)

    def stored(self, call: UUID, **changed: Any) -> told.RecordingStored:
        recording = fresh()
        places = [("rows", f"recordings/{recording}")]
        places += [(kind, f"{recording}-{track}") for kind in ("object", "key") for track in (0, 1)]
        usual = {"recording": recording, "call": call, "places": [{"kind": kind, "id": at} for kind, at in places]}
        return self.made(told.RecordingStored, **usual | changed)

    def registered(self, call: UUID | None = None) -> told.CallRegistered:
        return self.made(told.CallRegistered, call=call or fresh())

    def call_ended(self, call: UUID, at: datetime, **changed: Any) -> told.CallEnded:
        self.last_end = at
        return self.made(told.CallEnded, call=call, ended_at=at, **changed)

    def revoked(self, recording: told.RecordingStored, *remaining: told.PurposeSpans) -> told.PermitRevoked:
        return self.made(told.PermitRevoked, permit=recording.permit, call=recording.call, recording_spans=remaining)

    def copied(self, kind: Any, **more: Any) -> told.CopyRegistered:
        usual = {"kind": kind, "places": [{"kind": "rows", "id": "somewhere"}], "subjects": ()}
        return self.made(told.CopyRegistered, **usual | more)

    def request_closed(self, request: UUID) -> told.RequestClosed:
        return self.made(told.RequestClosed, request=request)

    def collection_ordered(self, request: UUID, *subjects: UUID) -> told.CollectionOrdered:
        return self.made(told.CollectionOrdered, request=request, subjects=subjects)

    def published(self, **given: Any) -> told.PurposePublished:
        return self.made(told.PurposePublished, **given)

    def tenant_opened(self, tenant: UUID, time_zone: str = "Europe/Amsterdam") -> told.TenantOpened:
        return self.made(told.TenantOpened, tenant=tenant, time_zone=time_zone)

    def erased(self, order: dict[str, Any], places: Iterable[tuple[str, str]]) -> told.HoldingErased:
        proofs = [
            {"place": {"kind": kind, "id": where}, "method": "looked_for", "absent_at": self.now}
            for kind, where in places
        ]
        return self.made(
            told.HoldingErased, order=order["order"], holding=order["holding"], kind=order["kind"], proofs=proofs
        )

    def trimmed(self, order: dict[str, Any], places: Iterable[tuple[str, str]]) -> told.RecordingTrimmed:
        """The answer to an order of which something stays: sealed anew elsewhere, the old places empty."""
        gone = [each for each in places if each[0] != "rows"]
        seen = {"method": "looked_for", "absent_at": self.now}
        proofs = [{"place": {"kind": kind, "id": where}, **seen} for kind, where in gone]
        anew = [{"kind": kind, "id": f"{fresh()}"} for kind, _ in gone]
        facts = {"recording": order["holding"], "order": order["order"], "spans": order["spans_kept"]}
        return self.made(told.RecordingTrimmed, **facts, places=anew, proofs=proofs)

    def trouble(self, order: dict[str, Any], place: told.Place) -> told.HoldingStuck:
        return self.made(
            told.HoldingStuck, order=order["order"], holding=order["holding"], kind=order["kind"], place=place
        )

    # Events, heard

    async def revoke(self, recording: told.RecordingStored, *remaining: told.PurposeSpans) -> None:
        await self.hear(self.revoked(recording, *remaining))

    async def request(self, *subjects: UUID) -> UUID:
        received = self.made(told.RequestReceived, subjects=subjects)
        await self.hear(received)
        return received.request

    async def close(self, request: UUID) -> None:
        await self.hear(self.request_closed(request))

    async def stuck(self, order: dict[str, Any], place: told.Place) -> None:
        await self.hear(self.trouble(order, place))

    async def copy(self, kind: Any, **more: Any) -> UUID:
        holding = more.pop("holding", None) or fresh()
        where = {"places": (told.Place(kind="rows", id=f"{kind}/{holding}"),)}
        await self.hear(self.copied(kind, holding=holding, **where | more))
        return UUID(str(holding))

    # Time

    async def later(self, interval: str) -> None:
        """Move Recital's time ahead, as `make clock` does."""
        settings = self.settings.database("retention")
        password = settings.url("owner").password
        owner = await asyncpg.connect(
            host=settings.host, port=settings.port, user="retention_owner", password=password, database=settings.name
        )
        # Made exact first: a month has no length by which a jump could be told from an announced one.
        exact = f"extract(epoch from recital_now() + interval '{interval}' - recital_now())"
        await owner.execute(f"select recital_advance_clock(make_interval(secs => {exact}))")
        await owner.close()
        await self.database.tick()

    async def jump(self) -> None:
        """Let the database's time go on by six minutes that nobody announced."""
        assert self.database.clock._now is not None
        self.database.clock._now -= timedelta(minutes=6)
        await self.database.tick()

    async def settle(self, *, answer: bool = True) -> None:
        """Run the loops until nothing moves, the owners answering every order (or not)."""
        seen = None
        for _ in range(30):
            for loop in (look_at_due, carry_orders_through, certify, care_for_parts):
                await loop(self.means)
            if answer:
                await self.answer()
            looked = "select id, state from orders union select id, kept_by::text from holdings order by 1"
            now = await self.rows(looked), await self.events("erasure.certified")
            if now == seen and not await look_at_due(self.means):
                return
            seen = now
        raise AssertionError("it does not settle")

    async def answer(self) -> None:
        """Every owner destroys what it was ordered to and proves it, except places of the kinds in `deaf`."""
        for order in await self.events("erasure.ordered"):
            if UUID(order["order"]) in self.answered:
                continue
            places = await self.places(UUID(order["holding"]))
            if not self.deaf & {kind for kind, _ in places}:
                self.answered.add(UUID(order["order"]))
                part = order["spans_kept"]
                await self.hear(self.trimmed(order, places) if part else self.erased(order, places))

    # Looking

    async def rows(self, sql: str, tenant: UUID = TENANT, **values: Any) -> list[Any]:
        async with self.database.transaction(tenant) as tx:
            return list(await tx.execute(sql, values))

    async def events(self, name: str, tenant: UUID = TENANT) -> list[dict[str, Any]]:
        """What retention announced, in order."""
        found = await self.rows("select data from outbox where name = :name order by id", tenant, name=name)
        return [json.loads(row.data) if isinstance(row.data, str) else row.data for row in found]

    async def ordered(self) -> set[UUID]:
        """The holdings that were ordered to be destroyed."""
        return {UUID(each["holding"]) for each in await self.events("erasure.ordered")}

    async def state(self, holding: UUID) -> str:
        rows = await self.rows("select state from holdings where id = :id", id=holding)
        return str(rows[0].state)

    async def places(self, holding: UUID) -> list[tuple[str, str]]:
        rows = await self.rows("select kind, place from places where id = :id order by 1, 2", id=holding)
        return [(row.kind, row.place) for row in rows] or [("rows", f"holding/{holding}")]

    async def alarms(self) -> set[str]:
        return {row.kind for row in await self.rows("select kind from alarms")}

    # Asking

    def token(self, *roles: Role, tenant: UUID = TENANT) -> dict[str, str]:
        said: dict[str, Any] = {"audience": "recital", "tenant": tenant, "roles": roles, "subject": "somebody"}
        token = self.issuer.access_token(**said, now=self.now, lifetime=timedelta(minutes=5))
        return {"Authorization": f"Bearer {token}"}

    def order(self, action: str, request: UUID, *subjects: UUID, tenant: UUID = TENANT) -> dict[str, str]:
        ordered = Order(tenant, request, frozenset({action}), frozenset(subjects))
        token = issue_order(ordered, self.order_key, audience="retention", now=self.now)
        return {"Authorization": f"Bearer {token}"}


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    return file


RoomOf = Callable[..., Awaitable[Room]]


@pytest_asyncio.fixture(loop_scope="session")
async def room_of(
    database_settings_of: Callable[..., Awaitable[DatabaseSettings]],
    vault_of: Callable[[str], Awaitable[Any]],
    object_server: Any,
    test_folder: Path,
    tmp_path: Path,
) -> AsyncIterator[RoomOf]:
    """`await room_of()`: retention opened; `running` with loops and doors; `database`, `store`, `bus`: those given."""
    stack = AsyncExitStack()
    await vault_of("retention")
    secrets = ServiceSecrets.of(test_folder / "secrets", "retention")
    issuer, order_key = LocalIssuer(SigningKey.generate(), ISSUER), SigningKey.generate()
    for use in ("checkpoint", "service", "certificate"):
        (tmp_path / f"{use}.pem").write_bytes(SigningKey.generate().pem())

    async def make(
        *, running: bool = False, database: DatabaseSettings | None = None, store: str | None = None, bus: Any = None
    ) -> Room:
        found = database or await database_settings_of("retention")
        urls: dict[str, Any] = {f"{name}_url": f"http://{NOWHERE}" for name in SERVICES}
        settings = RetentionSettings(
            port=1,
            database_host=found.host,
            database_port=found.port,
            database_name=found.name,
            **{name: getattr(found, name) for name in PASSWORD_FILES},
            bus_url=bus.url if bus else f"nats://{NOWHERE}",
            bus_seed_file=bus.seed_file("retention") if bus else write(tmp_path, "seed", new_user()[0]),
            object_endpoint=store or object_server.endpoint,
            object_bucket=object_server.bucket,
            object_secure=False,
            object_access_key_file=object_server.access_key_file,
            object_secret_key_file=object_server.secret_key_file,
            keys_password_file=secrets.password_file("keys"),
            root_key_file=secrets.root_key_file,
            token_issuer=ISSUER,
            token_keys_file=write(tmp_path, "jwks.json", json.dumps(issuer.keys.jwks())),
            signing_key_dir=tmp_path,
            **urls,
        )
        app = wire(settings)
        runtime: Runtime = app.state.runtime
        means = Means(runtime, residue=Residue(None, 1), late_after=timedelta(minutes=15))
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://retention")
        )
        room = Room(runtime, settings, issuer, order_key, means, client)
        await runtime.neighbours._clients["dsar"].aclose()
        runtime.neighbours._clients["dsar"] = keys_of_dsar(order_key)
        if running:
            await stack.enter_async_context(app.router.lifespan_context(app))

            async def serving() -> bool:
                return runtime.not_serving is None

            await eventually(serving)
        else:
            await runtime.database.tick()
            await runtime.open_vault()
            stack.push_async_callback(runtime.database.close)
            stack.callback(runtime.vault.close)
            stack.push_async_callback(runtime.neighbours.close)
        return room

    yield make
    await stack.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def room(room_of: RoomOf) -> Room:
    """Retention with one open tenant, two purposes, and loops that run when told."""
    made = await room_of()
    await made.open_tenant()
    return made


def keys_of_dsar(key: SigningKey) -> httpx.AsyncClient:
    """Where retention finds dsar's public keys."""

    async def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"keys": [key.jwk("order")]})

    return httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://dsar")
