"""Taking things into the register as they come to exist, and setting when they end (R11, R15)."""

from collections.abc import Collection
from uuid import UUID
from zoneinfo import ZoneInfo

from recital_database import NotYet, Transaction, alarm
from recital_errors import Malformed, PermanentError
from recital_events import CallEnded, CallRegistered, PurposePublished, TenantOpened
from recital_vault import Vault

from recital_retention.actions.endings import follow_references
from recital_retention.decisions.clocks import read_duration
from recital_retention.decisions.ends import end_of_unrecorded_call
from recital_retention.model import Ground, Retention
from recital_retention.store import clocks, holdings, references, schedule, tenants
from recital_retention.store.holdings import NewHolding


async def open_tenant(tx: Transaction, vault: Vault, event: TenantOpened) -> None:
    """Take a tenant up and make its key; raises PermanentError `time_zone_unknown`, Unavailable."""
    try:
        ZoneInfo(event.time_zone)
    except (ValueError, OSError, KeyError):
        raise PermanentError("time_zone_unknown", "The tenant's time zone is not in the tz database.") from None
    key = await vault.keys.create_tenant_key(tx.tenant)
    await tenants.add_tenant(tx, event, key)


async def publish_purpose(tx: Transaction, event: PurposePublished) -> NotYet | None:
    """Take up a version of a purpose; a shorter retention reaches what exists, a longer one does not (R11).

    Raises PermanentError for a retention that is no duration, or an absurd one.
    """
    tenant = await tenants.find_tenant(tx)
    if tenant is None:
        return NotYet(f"tenant:{tx.tenant}")
    try:
        kept = Retention(
            event.version,
            read_duration(event.retention),
            from_reference=event.retention_from == "reference_ended",
            at_most=None if event.at_most is None else read_duration(event.at_most),
        )
    except Malformed as error:
        raise PermanentError(error.code, error.detail) from None
    if kept.from_reference:
        await references.shorten_waiting(tx, event.purpose, kept, tenant.zone)
    else:
        await clocks.shorten_clocks(tx, event.purpose, kept.duration, tenant.zone)
    await tenants.add_purpose(tx, event, kept)
    return None


async def register_call(tx: Transaction, event: CallRegistered) -> NotYet | None:
    """Register a call's record, also of a call that may not be recorded, and the identities it brought."""
    tenant = await tenants.find_tenant(tx)
    if tenant is None:
        return NotYet(f"tenant:{tx.tenant}")
    await meet(tx, event.subjects)
    due = end_of_unrecorded_call(event.registered_at, None, tenant.zone, tenant.kept.get("call"))
    call = NewHolding(event.call, "call", event.registered_at, due_at=due, subjects=event.subjects)
    if await holdings.register(tx, call):
        await references.set_references(tx, event.call, event.references)
        await schedule.put(tx, {event.call: due})
    return None


async def end_call(tx: Transaction, event: CallEnded) -> NotYet | None:
    """Note when a call ended and of whom it speaks; a call marked private goes at once (R18)."""
    tenant = await tenants.find_tenant(tx)
    call = await holdings.lock_one(tx, event.call)
    if tenant is None or call is None:
        return NotYet(f"call:{event.call}")
    if call.state.beyond_return:
        return None
    await meet(tx, event.subjects)
    gone = await holdings.replace_subjects(tx, event.call, "call", event.subjects)
    await schedule.put_now(tx, gone)
    if await references.set_references(tx, event.call, event.references):
        await follow_references(tx, event.call, tenant.zone)
    if await holdings.was_recorded(tx, event.call):
        await holdings.set_end(tx, event.call, due_at=None, ended_at=event.ended_at)
    else:
        due = end_of_unrecorded_call(call.registered_at, event.ended_at, tenant.zone, tenant.kept.get("call"))
        await holdings.set_end(tx, event.call, due_at=due, ended_at=event.ended_at)
        await schedule.put(tx, {event.call: due})
    if event.private:
        await holdings.end_because(tx, [event.call], Ground.PRIVATE_CALL)
        await schedule.put_now(tx, [event.call])
    return None


async def meet(tx: Transaction, subjects: Collection[UUID]) -> None:
    """Register the identities of subjects and take their locks, so that none is ordered while it is newly needed."""
    await holdings.register_identities(tx, subjects)
    for identity in await holdings.lock(tx, subjects):
        if identity.state.beyond_return:
            await alarm(
                tx,
                "identity_needed_late",
                about=identity.id,
                detail="Something needs this identity although its destruction has begun.",
            )
