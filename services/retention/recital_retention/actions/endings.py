"""What references name ends: clocks that wait for it begin to run out (R11)."""

from uuid import UUID
from zoneinfo import ZoneInfo

from recital_database import NotYet, Transaction
from recital_events import EndingReported

from recital_retention.decisions.clocks import clock_due_at, reference_end
from recital_retention.store import holdings, references, tenants
from recital_retention.store.references import Waiting


async def report_ending(tx: Transaction, event: EndingReported) -> NotYet | None:
    """Note that what a reference names has ended, and bring forward the clocks that waited; none is ever put off."""
    tenant = await tenants.find_tenant(tx)
    if tenant is None:
        return NotYet(f"tenant:{tx.tenant}")
    await references.report(tx, event)
    for call in await references.calls_referring(tx, event.reference):
        await follow_references(tx, call, tenant.zone)
    return None


async def follow_references(tx: Transaction, call: UUID, zone: ZoneInfo) -> None:
    """Let the clocks of a call's recordings follow what the call refers to; only ever to an earlier end."""
    waiting = await references.waiting_clocks(tx, call)
    await holdings.lock(tx, {each.recording for each in waiting})
    known = await tenants.retentions(tx, {each.purpose for each in waiting})
    ended = reference_end(await references.ends_of(tx, call))
    moved = []
    for each in waiting:
        versions = known[each.purpose]
        told = next(version for version in versions if version.version == each.version)
        due = clock_due_at(each.started_at, told, versions, zone, reference_ended_at=ended)
        moved.append(Waiting(each.recording, each.purpose, each.version, each.started_at, due))
    await references.bring_forward(tx, moved)
