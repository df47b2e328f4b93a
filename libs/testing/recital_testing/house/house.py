"""The whole house: the servers and the four services as processes, prepared, started, watched, moved in time, stopped.

`make run`, the demo and the system tests all go through here, so what they run is the same.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import httpx
from recital_database import Clock

from recital_testing.failures import HouseError
from recital_testing.files import private_folder
from recital_testing.house.clock import advance, read_time
from recital_testing.house.endpoints import Endpoints
from recital_testing.house.environment import Places, environment, urls
from recital_testing.house.provisioning import make_databases, make_keys, make_stream, migrate_databases
from recital_testing.house.running import READY_WITHIN, Runs, Service
from recital_testing.house.tenants import Bearer, TestTenant
from recital_testing.house.tokens import Tokens
from recital_testing.loopback import loopback_client
from recital_testing.ports import MAIL_PORTS, OBJECT_PORTS, choose_ports, require_free
from recital_testing.servers import Mail, Nats, Objects, Postgres, Servers
from recital_testing.services import SERVICES, TABLE
from recital_testing.waiting import eventually, together

FIRST_PORT = 7400
PORT_NAMES = (*SERVICES, "nats", *OBJECT_PORTS, *MAIL_PORTS)
SERVERS = ("postgres", "nats", "objects", "mail")


def silent(_step: str) -> None:
    """Tell nobody."""


class House:
    """One house in one folder. `guarded` processes end with this one; others go on until `stop`."""

    def __init__(
        self,
        folder: Path,
        *,
        first_port: int | None = None,
        guarded: bool = True,
        local_mode: bool = True,
        say: Callable[[str], None] = silent,
    ) -> None:
        """Describe it; nothing is made or started. Ports are free ones, or counted from `first_port`."""
        self._build(folder, choose_ports(PORT_NAMES, first=first_port), local_mode=local_mode)
        self._guarded, self._say = guarded, say

    @classmethod
    def running(cls, folder: Path, *, say: Callable[[str], None] = silent) -> "House":
        """Return the house that another process started in a folder; raises HouseError when there is none."""
        endpoints = Endpoints.read(Places(folder.resolve()).endpoints)
        house = cls(folder, guarded=False, say=say)
        house._build(folder, dict(endpoints.ports), local_mode=endpoints.local_mode)
        house._tenants = list(endpoints.tenants)
        house.tokens = Tokens(make_keys(house.places))
        return house

    def _build(self, folder: Path, ports: dict[str, int], *, local_mode: bool) -> None:
        self.places = Places(folder.resolve())
        self.ports, self.local_mode = ports, local_mode
        self.urls = urls(ports)
        base = self.places.folder
        self.servers = Servers(
            postgres=Postgres.in_folder(base / "postgres"),
            nats=Nats.in_folder(base / "nats", port=ports["nats"], users=SERVICES),
            objects=Objects.in_folder(base / "objects", ports=ports),
            mail=Mail.in_folder(base / "mail", port=ports["mail"], view_port=ports["mail_view"]),
        )
        self.clock = Clock()
        self.tokens: Tokens
        self.services: dict[str, Service] = {}
        self._tenants: list[UUID] = []
        self._clients: list[httpx.AsyncClient] = []

    # Starting and stopping

    async def start(self) -> None:
        """Start and prepare everything; return when all four services are ready. What fails leaves nothing running."""
        self._require_idle()
        require_free(self.ports)
        try:
            await self._start_servers()
            await self._prepare()
            await self._start_services()
            await self.read_clock()
        except BaseException:  # also Ctrl-C: whatever ends the start ends what it started
            await self.stop()
            raise
        self.write_endpoints()

    async def stop(self) -> None:
        """Stop the services, then the servers, each within a bound; nothing of the house runs afterwards."""
        await self.close_clients()
        self.places.endpoints.unlink(missing_ok=True)
        await asyncio.gather(*(self.row(name).stop() for name in SERVICES))
        await asyncio.gather(*(self.row(name).stop() for name in reversed(SERVERS)))

    async def kill(self, name: str) -> None:
        """End a service or a server with SIGKILL."""
        await self.row(name).kill()

    async def start_again(self, name: str) -> None:
        """Start a service or server that was killed or stopped; a service is ready when this returns."""
        await self.row(name).start(guarded=self._guarded)
        if name in SERVICES:
            await self.service(name).ready()

    async def restart(self, name: str) -> None:
        """Stop a service or server in good order and start it again."""
        await self.row(name).stop()
        await self.start_again(name)

    def row(self, name: str) -> Runs:
        """Return a service or a server (postgres, nats, objects, mail) of this house."""
        servers: dict[str, Runs] = {
            "postgres": self.servers.postgres,
            "nats": self.servers.nats,
            "objects": self.servers.objects,
            "mail": self.servers.mail,
        }
        return servers[name] if name in servers else self.service(name)

    def service(self, name: str) -> Service:
        """Return one of the four services."""
        if name not in self.services:
            row = next(row for row in TABLE if row.name == name)
            told = environment(row, self.places, self.servers, self.ports, local_mode=self.local_mode)
            self.services[name] = Service.of(row, self.places, self.urls[name], told)
        return self.services[name]

    def running_rows(self) -> dict[str, int | None]:
        """Return each row's process number, None where it does not run."""
        return {name: self.row(name).process.pid for name in (*SERVERS, *SERVICES)}

    def _require_idle(self) -> None:
        if any(pid is not None for pid in self.running_rows().values()):
            raise HouseError(
                f"Recital already runs from {self.places.folder}: `make status` shows it, `make stop` stops it"
            )

    async def _start_servers(self) -> None:
        self._say("starting PostgreSQL, NATS, the object store and the mail catcher")
        private_folder(self.places.folder)
        private_folder(self.places.processes)
        private_folder(self.places.secrets)
        await together(*(self.row(name).start(guarded=self._guarded) for name in SERVERS))

    async def _prepare(self) -> None:
        self._say("making keys, databases and the event stream, and bringing the tables up to date")
        self.tokens = Tokens(make_keys(self.places))
        await make_databases(self.places, self.servers.postgres)
        await together(make_stream(self.servers), migrate_databases(self.places, self.servers.postgres))

    async def _start_services(self) -> None:
        self._say("starting " + ", ".join(SERVICES))
        for name in SERVICES:
            await self.service(name).start(guarded=self._guarded)
        await together(*(self.service(name).ready() for name in SERVICES))

    # Time

    async def read_clock(self) -> datetime:
        """Read Recital's time from the databases, so that tokens made here are in time."""
        now = await read_time(self.places, self.servers.postgres)
        self.clock.set(now=now, ahead=timedelta(), high_water=now)
        return now

    async def advance_clock(self, duration: str) -> datetime:
        """Move Recital's time ahead by an ISO 8601 duration; return it when every service has followed.

        Raises HouseError outside local mode. Tokens in `endpoints.json` are written anew, in time.
        """
        if not self.local_mode:
            raise HouseError("the clock moves in local mode only")
        target = await advance(self.places, self.servers.postgres, duration)
        async with loopback_client() as client:
            for name in SERVICES:
                # A service may be on its way up: it has as long to follow as to become ready.
                followed = partial(self._has_followed, self.service(name), client, target)
                await eventually(followed, within=READY_WITHIN, what=f"{name} follows the clock")
        self.clock = Clock()
        await self.read_clock()
        if self.places.endpoints.exists():
            self.write_endpoints()
        return target

    async def _has_followed(self, service: Service, client: httpx.AsyncClient, target: datetime) -> bool:
        now = (await service.health(client, "/livez")).get("now")
        return now is not None and datetime.fromisoformat(now) >= target

    # Tenants, tokens, clients

    async def open_tenant(
        self, name: str = "Example", *, country: str = "NL", time_zone: str = "Europe/Amsterdam"
    ) -> TestTenant:
        """Open a tenant as the operator does; raises HouseError with the problem when consent refuses."""
        wanted = {
            "name": name,
            "country": country,
            "time_zone": time_zone,
            "languages": ["nl", "en"],
            "number_region": country,
        }
        answer = await self.operator("consent").post("/v1/tenants", json=wanted)
        if not answer.is_success:
            raise HouseError(f"the tenant could not be opened: {answer.status_code} {answer.text}")
        tenant = TestTenant(self, UUID(answer.json()["id"]))
        self._tenants.append(tenant.id)
        return tenant

    def tenants(self) -> list[TestTenant]:
        """Return the tenants opened through this house, or named in the endpoints of the house it was attached to."""
        return [TestTenant(self, tenant) for tenant in self._tenants]

    def keep_tenants(self, tenants: list[UUID]) -> None:
        """Name tenants of an earlier run, so that the endpoints hold tokens for them."""
        self._tenants = list(tenants)

    def operator(self, service: str) -> httpx.AsyncClient:
        """Return a client of one service as the operator."""
        return self.client(service, lambda: self.tokens.operator(self.clock.now()))

    def client(self, service: str, token: Callable[[], str]) -> httpx.AsyncClient:
        """Return a client of one service that puts a token on each request; closed when the house stops."""
        client = loopback_client(self.urls[service], auth=Bearer(token), timeout=30)
        self._clients.append(client)
        return client

    async def close_clients(self) -> None:
        """Close the clients made here."""
        for client in self._clients:
            await client.aclose()
        self._clients.clear()

    def write_endpoints(self) -> None:
        """Write `endpoints.json`: addresses, and tokens that are in time now."""
        now = self.clock.now()
        postgres, nats, objects = self.servers.postgres, self.servers.nats, self.servers.objects
        mail = self.servers.mail
        Endpoints(
            services=self.urls,
            servers={
                "postgres": {"host": postgres.host, "port": postgres.port, "databases": list(SERVICES)},
                "nats": nats.url,
                "objects": {"kind": objects.kind, "url": f"http://{objects.endpoint}", "bucket": objects.bucket},
                "mail": {"smtp": f"{mail.host}:{mail.port}", "view": mail.view},
            },
            ports=self.ports,
            local_mode=self.local_mode,
            operator=self.tokens.operator(now),
            tenants={tenant: self.tokens.all_of(tenant, now) for tenant in self._tenants},
        ).write(self.places.endpoints)
