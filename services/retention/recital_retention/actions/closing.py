"""Tenants that close: no new holds, thirty days of export, then all clocks end but legal duties, then nothing is left.

Only when the register is empty are the tenant's keys destroyed, here and, on `tenant.erased`, everywhere (R15).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from recital_database import NotYet, Transaction, announce
from recital_errors import Conflict, NotFound
from recital_events import TenantClosed, TenantErased

from recital_retention.actions.means import Means
from recital_retention.model import Ground
from recital_retention.store import clocks, closing, control, holdings, schedule, tenants
from recital_retention.store.control import ControlEntry

BATCH = 1000
TENANT_ERASED = "tenant_erased"
REFUSED_FOR = timedelta(hours=1)
"""How long holds are refused for a tenant that was to be closed and was not."""


@dataclass(frozen=True, slots=True)
class Open:
    """Something that must end before a tenant can close, and how many there are."""

    what: str
    count: int


async def prepare_closing(means: Means, tenant: UUID) -> Sequence[Open]:
    """Return what keeps a tenant from being closed; with nothing in the way no hold is placed any more.

    Raises NotFound where the tenant is not known.
    """
    async with means.database.transaction(tenant) as tx:
        if await tenants.find_tenant(tx) is None:
            raise NotFound
        await closing.lock_closing(tx)
        holds = await closing.holds_in_force(tx)
        if holds:
            return [Open("holds", holds)]
        await closing.begin_closing(tx, tx.now + REFUSED_FOR)
    return []


async def refuse_hold_while_closing(tx: Transaction) -> None:
    """Raise Conflict `tenant_closing` where no hold may be placed any more; closing waits until this commits."""
    await closing.lock_closing(tx, shared=True)
    if await closing.refuses_holds(tx):
        raise Conflict("tenant_closing", "This tenant is being closed: no hold can be placed any more.")


async def close_tenant(tx: Transaction, event: TenantClosed) -> NotYet | None:
    """Note that a tenant is closed, and until when its data may be exported."""
    known = await closing.close(tx, event.closed_at, event.export_until)
    return None if known else NotYet(f"tenant:{tx.tenant}")


async def empty(means: Means, tenant: UUID) -> bool:
    """End a batch of what a closed tenant still has; true when there may be more at once."""
    async with means.database.transaction(tenant) as tx:
        if await means.frozen(tx):
            return False
        left = await closing.what_is_left(tx, BATCH)
        await _end(tx, left)
        if left or not await closing.register_is_empty(tx):
            return len(left) == BATCH
        if await closing.mark_erased(tx):
            await _tell(tx)
    await means.vault.keys.destroy_tenant_key(tenant)
    async with means.database.transaction(tenant) as tx:
        await closing.key_destroyed(tx)
    return False


async def _end(tx: Transaction, left: Sequence[closing.Left]) -> None:
    if not left:
        return
    of_kind = {kind: [each.id for each in left if each.kind == kind] for kind in {each.kind for each in left}}
    recordings = of_kind.pop("recording", [])
    identities = of_kind.get("identity", [])
    await clocks.end_but_duties(tx, recordings)
    await closing.stand_no_more_alone(tx, identities)
    others = [id_ for ids in of_kind.values() for id_ in ids]
    await holdings.end_because(tx, others, Ground.TENANT_CLOSED)
    await schedule.put_now(tx, [each.id for each in left])


async def _tell(tx: Transaction) -> None:
    await announce(tx, TenantErased(tenant=tx.tenant, erased_at=tx.now))
    number = await control.take_number(tx)
    entry = {"kind": TENANT_ERASED, "tenant": str(tx.tenant), "erased_at": tx.now.isoformat()}
    await control.enqueue(tx, [ControlEntry(tx.tenant, number, TENANT_ERASED, tx.tenant, entry)])
