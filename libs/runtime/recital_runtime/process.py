"""How every service starts, serves and stops: one Runtime, wired by hand in the service's wiring.py.

Services start in any order: what does not answer yet is tried again, requests meanwhile get 503 and nothing is lost.
Before the first request is served, everything in `on_start` has succeeded (the restore gate).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from recital_bus import Bus, BusSettings
from recital_database import Database, Handlers, open_alarm_counts
from recital_database.idempotency import forget_old_keys
from recital_errors import RecitalError, Unavailable
from recital_events import consumed_by, produced_by
from recital_identity import KeySet
from recital_vault import KeyStore, ObjectStore, ObjectStoreSettings, Vault, canary_of

from recital_runtime import problems
from recital_runtime.dispatch import Dispatch
from recital_runtime.intake import Intake
from recital_runtime.loops import Loop
from recital_runtime.metrics import Metrics
from recital_runtime.neighbours import Neighbours, SigningKeySource
from recital_runtime.relay import Reconciler, Relay
from recital_runtime.restore_gate import RestoreGate, TakeWithdrawal
from recital_runtime.root_keys import root_key_of
from recital_runtime.sequencing import Sequencer
from recital_runtime.settings import ServiceSettings
from recital_runtime.shared_routes import alarm_routes, health_routes, internal_routes, ledger_routes
from recital_runtime.signing import SigningKeys
from recital_runtime.telemetry import Observed, tracer_for
from recital_runtime.time_routes import time_routes
from recital_runtime.tokens import Tokens

log = structlog.get_logger()
SERVICES = ("consent", "ingest", "retention", "dsar")
OLD_KEYS = 1000
Start = Callable[[], Awaitable[object]]
# The application's type, for those who may not know the web framework.
App = FastAPI


class Runtime:
    """A service's process: its technologies, its loops and whether it serves. Making one opens nothing."""

    def __init__(self, service: str, settings: ServiceSettings, *, version: str = "0.1.0") -> None:
        """Everything is usable once the application has started."""
        self.service, self.settings, self.version = service, settings, version
        self.database = Database(settings.database(service))
        self.signing = SigningKeys(settings.signing_key_dir)
        self.metrics = Metrics()
        urls = {name: getattr(settings, f"{name}_url") for name in SERVICES}
        self.neighbours = Neighbours(service, urls, self.database.clock, SigningKeySource(self.signing, "service"))
        self.tracer, self._traces = tracer_for(service, settings.trace_endpoint)
        self.tokens = Tokens(settings.token_issuer, settings.token_audience)
        self.not_serving: RecitalError | None = Unavailable("starting", "The service is starting.", retry_after=1)
        self.handlers: Handlers = {}
        self._token_keys = ""
        self._bus: Bus | None = None
        self._vault: Vault | None = None
        self._loops: dict[str, Loop] = {}
        self._gate: RestoreGate | None = None
        self.reached: Callable[[str], None] = lambda _point: None
        """Hears which point the relay has reached, so that a test can let the process die there."""

    @property
    def bus(self) -> Bus:
        """The bus; raises Unavailable before the process has started."""
        if self._bus is None:
            raise Unavailable("starting", "The service is starting.", retry_after=1)
        return self._bus

    @property
    def vault(self) -> Vault:
        """Keys and sealed objects; raises Unavailable before the process has started."""
        if self._vault is None:
            raise Unavailable("starting", "The service is starting.", retry_after=1)
        return self._vault

    async def open_vault(self) -> None:
        """Make the vault usable. Its two stores need not answer yet."""
        settings = self.settings
        keys = await KeyStore.open(settings.keys(self.service), root_key_of(settings))
        objects = await ObjectStore.open(
            ObjectStoreSettings(
                endpoint=settings.object_endpoint,
                bucket=settings.object_bucket,
                access_key_file=settings.object_access_key_file,
                secret_key_file=settings.object_secret_key_file,
                secure=settings.object_secure,
                canary=canary_of(self.service),
            )
        )
        self._vault = Vault(keys, objects)

    async def _open_bus(self) -> None:
        settings = self.settings
        try:
            self._bus = await Bus.connect(
                BusSettings(url=settings.bus_url, seed_file=settings.bus_seed_file, service=self.service)
            )
        except OSError:
            raise Unavailable("bus_seed_missing", "The bus credentials cannot be read.") from None

    def wake(self, loop: str) -> None:
        """Run a loop as soon as possible; a name that is none is passed over."""
        if loop in self._loops:
            self._loops[loop].wake()

    def restore_gate(self, take_withdrawal: TakeWithdrawal | None = None) -> Start:
        """Return the step of `on_start` that applies what the control ledger has beyond this service's database.

        `take_withdrawal` is given where the service keeps withdrawals and objections of its own.
        """

        async def step() -> None:
            self._gate = RestoreGate(self.database, self.vault.control, self.handlers, take_withdrawal=take_withdrawal)
            await self._gate.apply()

        return step

    def app(
        self,
        *,
        title: str,
        routers: Sequence[APIRouter],
        handlers: Handlers,
        loops: Sequence[Loop] = (),
        ledgers: Sequence[str] = (),
        on_start: Sequence[Start] = (),
    ) -> FastAPI:
        """Return the application; ValueError where the handlers are not exactly the events this service consumes."""
        if set(handlers) != set(consumed_by(self.service)):
            missing = {each.name for each in set(handlers) ^ set(consumed_by(self.service))}
            raise ValueError(f"{self.service}'s handlers and the catalogue differ in {sorted(missing)}")
        self.handlers = handlers
        intake = Intake(self.database, handlers, self.metrics, self.tracer)
        self._loops = {loop.name: loop for loop in (*self._own_loops(intake), *loops)}

        @asynccontextmanager
        async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
            stop = asyncio.Event()
            start = asyncio.create_task(self._start(on_start, intake, stop))
            try:
                yield
            finally:
                stop.set()
                start.cancel()
                await asyncio.gather(start, return_exceptions=True)
                await self._close()

        shared = [health_routes(), time_routes(), alarm_routes(), ledger_routes(tuple(ledgers)), internal_routes()]
        # The routes themselves, not routers in routers, each of which would ask all of its routes in turn.
        routes = [route for router in (*shared, *routers) for route in router.routes]
        app = FastAPI(
            title=title,
            version=self.version,
            lifespan=lifespan,
            docs_url=None,
            redoc_url=None,
            routes=[Dispatch(routes), *routes],
            # Observed does this, once and by our own names.
            telemetry={"tracing": False, "metrics": False, "logs": False},
        )
        app.state.runtime = self
        problems.install(app)
        app.add_middleware(Observed, tracer=self.tracer, metrics=self.metrics)
        return app

    async def readiness(self) -> dict[str, Any]:
        """Return what /readyz shows: each part's state, and `ready`, `degraded` or `unready`."""
        parts = {
            "database": self.database.ping,
            "keys": lambda: self.vault.keys.ping(),
            "objects": lambda: self.vault.objects.ping(),
        }
        found = await asyncio.gather(*(self._asks(each) for each in parts.values()))
        checks: dict[str, Any] = dict(zip(parts, found, strict=True))
        bus = self._bus
        checks["bus"] = "down" if bus is None else "denied" if bus.denied else "ok" if bus.connected else "down"
        checks["started"] = "ok" if self.not_serving is None else self.not_serving.code
        # Both are lived with: with the bus down events wait, with time frozen destruction does.
        checks["clock"] = "ok" if self.database.clock.frozen is None else self.database.clock.frozen
        lived_with = ("bus", "clock")
        broken = any(state != "ok" for name, state in checks.items() if name not in lived_with)
        whole = all(checks[name] == "ok" for name in lived_with)
        status = "unready" if broken or checks["bus"] == "denied" else "ready" if whole else "degraded"
        age = self.metrics.registry.get_sample_value("recital_outbox_age_seconds")
        return {"status": status, "checks": checks, "outbox_age_seconds": age}

    async def _asks(self, part: Callable[[], Awaitable[None]]) -> str:
        try:
            async with asyncio.timeout(2):
                await part()
        except (RecitalError, TimeoutError) as error:
            return error.code if isinstance(error, RecitalError) else "timeout"
        return "ok"

    def _own_loops(self, intake: Intake) -> list[Loop]:
        relay = Relay(self.database, lambda: self.bus, self.metrics, reached=self.reached)
        sequencer = Sequencer(self.database, self.signing, self.metrics)
        edges = {
            name: frozenset(event.name for event in produced_by(self.service) if name in event.consumers)
            for name in SERVICES
            if name != self.service
        }
        reconciler = Reconciler(
            self.database, self.neighbours, self.metrics, {name: names for name, names in edges.items() if names}
        )
        relaying, sequencing = Loop("relay", relay.run, 1.0), Loop("sequencer", sequencer.run, 1.0)
        self.database.when("outbox", relaying.wake)
        self.database.when("ledger", sequencing.wake)
        return [
            Loop("clock", self._tick, 1.0),
            relaying,
            sequencing,
            Loop("drain", intake.drain, 10.0),
            Loop("outbox_gauges", relay.measure, 5.0),
            Loop("inbox_gauges", intake.measure, 5.0),
            Loop("alarm_gauges", self._count_alarms, 10.0),
            Loop("reconcile", reconciler.run, 60.0),
            Loop("token_keys", self._read_token_keys, 60.0),
            Loop("old_keys", self._forget_old_keys, 600.0),
            Loop("restore_gate", self._follow_control_ledger, 3600.0),
        ]

    async def _follow_control_ledger(self) -> bool:
        return False if self._gate is None else await self._gate.follow()

    async def _tick(self) -> bool:
        """Follow the database's clock; when time was moved ahead, whatever goes by time is woken."""
        clock = self.database.clock
        before, frozen = clock.ahead, clock.frozen
        await self.database.tick()
        if clock.frozen is not None and frozen is None:
            log.error("clock_frozen", state=clock.frozen)
        self.metrics.clock_frozen.set(0 if clock.frozen is None else 1)
        if clock.ahead != before:
            for loop in self._loops.values():
                loop.wake()
        return False

    async def _forget_old_keys(self) -> bool:
        async with self.database.work() as tx:
            return await forget_old_keys(tx, OLD_KEYS) == OLD_KEYS

    async def _count_alarms(self) -> bool:
        async with self.database.work() as tx:
            counts = await open_alarm_counts(tx)
        self.metrics.alarms_open.clear()
        for kind, number in counts.items():
            self.metrics.alarms_open.labels(kind).set(number)
        return False

    async def _start(self, on_start: Sequence[Start], intake: Intake, stop: asyncio.Event) -> None:
        """Open everything, pass the gate, then work until cancelled."""
        await self._until_done("token_keys", self._read_token_keys)
        await self._until_done("database", self.database.tick)
        await self._until_done("vault", self.open_vault)
        await self._until_done("bus", self._open_bus)
        for step in on_start:
            await self._until_done("on_start", step)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.bus.consume(intake.take, stop=stop))
            for loop in self._loops.values():
                tasks.create_task(loop.go(lambda name: self.metrics.loop_failures.labels(name).inc(), stop))
            self.not_serving = None
            log.info("serving", port=self.settings.port, version=self.version)

    async def _until_done(self, step: str, run: Start) -> None:
        pause = 0.1
        while True:
            try:
                await run()
            except RecitalError as error:
                log.warning("start_waits", state=step, code=error.code)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)
            else:
                return

    async def _read_token_keys(self) -> bool:
        """Trust the issuer's keys as they are now; while they cannot be read, those that were."""
        try:
            said = self.settings.token_keys_file.read_text()
            document = json.loads(said)
        except (OSError, ValueError):
            raise Unavailable("token_keys_missing", "The issuer's public keys cannot be read.") from None
        if said != self._token_keys:
            self.tokens.trust(KeySet.from_jwks(document))
            self._token_keys = said
        return False

    async def _close(self) -> None:
        await self.neighbours.close()
        if self._bus is not None:
            await self._bus.close()
        if self._vault is not None:
            self._vault.close()
        await self.database.close()
        if self._traces is not None:
            self._traces.shutdown()
