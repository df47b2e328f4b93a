"""A small service on a real database, with its bus and object store away: what the runtime owes whatever it serves."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import httpx
import pytest_asyncio
from fastapi import FastAPI, Request
from recital_bus import new_user
from recital_database import DatabaseSettings, claim, new_id, record, remember
from recital_errors import Conflict, Reason
from recital_events import consumed_by
from recital_identity import LocalIssuer, Permission, Role, SigningKey
from recital_runtime import (
    Caller,
    IdempotencyKey,
    Model,
    Operator,
    Router,
    Runtime,
    ServiceSettings,
    Text200,
    operates,
    requires,
    runtime_of,
)
from recital_testing import eventually

VERSIONS = Path(__file__).with_name("versions")
TENANT = UUID(int=0xA)


class Thing(Model):
    """A thing to make."""

    name: Text200
    fail: bool = False
    lose_connection: bool = False


class Made(Model):
    """The thing made."""

    id: UUID


def routes() -> Router:
    router = Router(prefix="/v1")

    @router.post("/things", status_code=201)
    async def make(
        body: Thing,
        request: Request,
        caller: Annotated[Caller, requires(Permission.REGISTER_CALLS)],
        key: IdempotencyKey = None,
    ) -> Made:
        """Make a thing; told to, it refuses or loses its connection after everything was written."""
        tx = caller.tx
        known = await claim(tx, key, route="/v1/things", fingerprint=body.model_dump_json().encode())
        thing = known or await new_id(tx)
        await remember(tx, key, result=thing)
        await record(tx, "access", "thing.made", facts={"thing": str(thing)}, details={"name": body.name})
        if body.fail:
            raise Conflict("refused", reasons=[Reason("notice_missing", "R03", party="customer")])
        if body.lose_connection:
            # The server drops this connection: the commit that follows cannot succeed.
            own = (await tx.execute("select pg_backend_pid()")).scalar_one()
            async with runtime_of(request).database.transaction(tx.tenant) as other:
                await other.execute("select pg_terminate_backend(:pid)", {"pid": own})
        return Made(id=thing)

    @router.get("/things/count")
    async def count(caller: Annotated[Caller, requires(Permission.READ_CALLS)]) -> dict[str, int]:
        """Count the tenant's ledger entries."""
        rows = await caller.tx.execute("select count(*) from ledger_entries")
        return {"count": rows.scalar_one()}

    @router.post("/tenants/{tenant}/things", status_code=201)
    async def operate(tenant: UUID, operator: Annotated[Operator, operates(Permission.OPEN_TENANTS)]) -> Made:
        """Make a thing for the tenant that the operator names."""
        tx = await operator.enter(tenant)
        return Made(id=(await record(tx, "access", "thing.made", facts={})).entry)

    return router


@dataclass
class Small:
    """The small service, and tokens for it."""

    runtime: Runtime
    app: FastAPI
    client: httpx.AsyncClient
    issuer: LocalIssuer
    settings: ServiceSettings

    def token(self, *roles: Role, tenant: UUID | None = TENANT, lifetime: timedelta = timedelta(minutes=5)) -> str:
        return self.issuer.access_token(
            audience="recital",
            tenant=tenant,
            roles=roles,
            subject="tester",
            now=self.runtime.database.clock.now(),
            lifetime=lifetime,
        )

    def headers(self, *roles: Role, tenant: UUID | None = TENANT) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(*roles, tenant=tenant)}"}


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    return file


def settings_for(database: DatabaseSettings, folder: Path, issuer: LocalIssuer) -> ServiceSettings:
    (folder / "checkpoint.pem").write_bytes(SigningKey.generate().pem())
    (folder / "service.pem").write_bytes(SigningKey.generate().pem())
    nowhere = "127.0.0.1:1"
    return ServiceSettings(
        port=1,
        database_host=database.host,
        database_port=database.port,
        database_name=database.name,
        app_password_file=database.app_password_file,
        worker_password_file=database.worker_password_file,
        bus_url=f"nats://{nowhere}",
        bus_seed_file=write(folder, "seed", new_user()[0]),
        object_endpoint=nowhere,
        object_bucket="recital",
        object_secure=False,
        object_access_key_file=write(folder, "access", "a"),
        object_secret_key_file=write(folder, "secret", "s"),
        keys_password_file=write(folder, "keys", "k"),
        root_key_file=write(folder, "root", "r"),
        token_issuer="https://issuer.example",
        token_keys_file=write(folder, "jwks.json", json.dumps(issuer.keys.jwks())),
        signing_key_dir=folder,
        consent_url=f"http://{nowhere}",
        ingest_url=f"http://{nowhere}",
        retention_url=f"http://{nowhere}",
        dsar_url=f"http://{nowhere}",
    )


@pytest_asyncio.fixture(loop_scope="session")
async def small(
    database_settings_of: Callable[..., Awaitable[DatabaseSettings]], tmp_path: Path
) -> AsyncIterator[Small]:
    issuer = LocalIssuer(SigningKey.generate(), "https://issuer.example")
    settings = settings_for(await database_settings_of("ingest", versions=VERSIONS), tmp_path, issuer)
    runtime = Runtime("ingest", settings)
    app = runtime.app(
        title="Small", routers=[routes()], handlers=dict.fromkeys(consumed_by("ingest")), ledgers=["access"]
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://small") as client,
    ):

        async def serving() -> bool:
            return runtime.not_serving is None

        await eventually(serving)
        yield Small(runtime, app, client, issuer, settings)
