"""What a database has forgotten of the control ledger is applied before anything is served (R14, R15)."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from recital_database import Database, DatabaseSettings, Transaction, control_position
from recital_errors import Gone, PermanentError
from recital_events import ErasureOrdered, Event, HoldPlaced, HoldReleased, TenantErased
from recital_runtime.restore_gate import RestoreGate

VERSIONS = Path(__file__).with_name("versions")
TENANT, HOLDING, ABOUT = UUID(int=0xA), UUID(int=1), UUID(int=2)
AT = "2026-06-01T12:00:00+00:00"
ERASURE = {
    "kind": "erasures",
    "tenant": str(TENANT),
    "ordered_at": AT,
    "orders": [
        {
            "order": str(ABOUT),
            "holding": str(HOLDING),
            "holding_kind": "recording",
            "ground": "retention_ended",
            "spans_kept": [{"purposes": ["contract"], "spans": [[0, 10]]}],
        }
    ],
}
HOLD = {"tenant": str(TENANT), "hold": str(ABOUT), "recordings": [str(HOLDING)]}
PLACED = HOLD | {"kind": "hold_placed", "placed_at": AT}
RELEASED = HOLD | {"kind": "hold_released", "released_at": AT}
WITHDRAWAL = {"kind": "withdrawal", "tenant": str(TENANT), "about": str(ABOUT), "what": "consent"}
END = {"kind": "tenant_erased", "tenant": str(TENANT), "erased_at": AT}


class Service:
    """A service that keeps what it was told, and knows nothing of one holding."""

    def __init__(self, database: Database, ledger: Any) -> None:
        self.told: list[str] = []
        self.events: list[Event] = []
        self.database, self.ledger = database, ledger
        handlers: Any = dict.fromkeys((ErasureOrdered, HoldPlaced, TenantErased), self.hear) | {HoldReleased: None}
        self.gate = RestoreGate(database, ledger, handlers, take_withdrawal=self.take)

    async def hear(self, tx: Transaction, event: Event) -> None:
        assert tx.tenant == TENANT
        self.told.append(event.name)
        self.events.append(event)
        if isinstance(event, ErasureOrdered) and event.ground == "of_nothing":
            raise PermanentError("recording_unknown")
        if isinstance(event, ErasureOrdered) and event.ground == "of_what_is_gone":
            raise Gone("tenant_erased")

    async def take(self, _tx: Transaction, _entry: Any) -> None:
        self.told.append("withdrawal")

    async def write(self, *entries: dict[str, Any]) -> None:
        for number, entry in enumerate(entries, start=1):
            await self.ledger.append(number, entry)

    async def position(self) -> int:
        async with self.database.work() as tx:
            return await control_position(tx)


@pytest_asyncio.fixture(loop_scope="session")
async def service(
    database_settings_of: Callable[..., Awaitable[DatabaseSettings]], vault_of: Callable[[str], Awaitable[Any]]
) -> Any:
    vault = await vault_of("retention")  # who alone may write what this test lets it read
    database = await Database.open(await database_settings_of("ingest", versions=VERSIONS))
    yield Service(database, vault.control)
    await database.close()


async def test_holds_come_first_then_withdrawals_then_erasures_then_the_end(service: Any) -> None:
    await service.write(END, ERASURE, WITHDRAWAL, RELEASED, PLACED)
    assert await service.gate.apply() == 5
    assert service.told == ["hold.placed", "withdrawal", "erasure.ordered", "tenant.erased"]
    order = service.events[1]
    assert (order.order, order.holding, order.control_sequence) == (ABOUT, HOLDING, 2)
    assert order.spans_kept[0].spans == ((0, 10),)
    # Known now: nothing is applied twice, until there is more.
    assert await service.gate.apply() == 0
    assert await service.position() == 5


async def test_while_it_runs_a_service_follows_the_ledger_one_look_behind(service: Any) -> None:
    await service.gate.follow()
    await service.write(PLACED)
    await service.gate.follow()
    # Its event may still be on its way.
    assert await service.position() == 0
    await service.write(PLACED, RELEASED, ERASURE)
    await service.gate.follow()
    assert (await service.position(), service.told) == (1, ["hold.placed"])
    await service.gate.follow()
    assert await service.position() == 3
    assert await service.gate.apply() == 0


@pytest.mark.parametrize("ground", ["of_nothing", "of_what_is_gone"])
async def test_what_the_service_knows_nothing_of_keeps_it_from_nothing(service: Any, ground: str) -> None:
    nothing = ERASURE["orders"][0] | {"ground": ground}  # type: ignore[operator]
    await service.write(ERASURE | {"orders": [nothing]}, PLACED)
    assert await service.gate.apply() == 2


@pytest.mark.parametrize(
    "entry", [{}, {"kind": "something", "tenant": str(TENANT)}, {"kind": "erasures", "tenant": str(TENANT)}]
)
async def test_an_entry_that_is_not_understood_is_never_passed_over(service: Any, entry: dict[str, Any]) -> None:
    await service.write(entry)
    with pytest.raises(PermanentError, match="control_entry_unknown"):
        await service.gate.apply()
    assert await service.position() == 0
