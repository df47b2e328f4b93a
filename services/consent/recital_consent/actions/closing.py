"""The end of a tenant, in two steps: retention and dsar say that nothing is open there, and only then it is closed.

Thirty days remain for export. When retention has told that its register is empty, the tenant's keys are destroyed.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from recital_database import Transaction, alarm, announce, record, who_goes_on
from recital_errors import Conflict, FieldError, RecitalError, Unavailable
from recital_events import TenantClosed, TenantErased

from recital_consent.actions.means import LOG, Means
from recital_consent.model.tenants import Tenant, TenantState
from recital_consent.store import tenants

ENDED = "ended_tenants"
"""What a transaction touches after which a tenant's keys are to be destroyed."""
FOR_EXPORT = timedelta(days=30)
ASKED = ("retention", "dsar")


async def close_tenant(means: Means, tenant_id: UUID) -> Tenant:
    """Close a tenant; asked again, what was begun goes on, and what is closed stays as it is.

    Raises NotFound, Conflict `tenant_not_clear` with what is still open and where, Unavailable where a service does not
    answer. The tenant then is `closing`: those services take no new holds and no new requests of it.
    """
    async with means.database.transaction(tenant_id) as tx:
        tenant = await tenants.find_tenant(tx, tenant_id)
        if tenant.state in (TenantState.CLOSED, TenantState.ERASED):
            return tenant
        if tenant.state is TenantState.OPEN:
            await tenants.change_tenant(tx, state=TenantState.CLOSING.value, closing_at=tx.now)
            await record(tx, LOG, "tenant.closing", facts={"tenant": str(tenant_id)})
    answers = await asyncio.gather(*(_ask(means, name, tenant_id) for name in ASKED))
    still_open = [
        FieldError(f"{name}.{each['what']}", f"{each['count']} open")
        for name, answer in zip(ASKED, answers, strict=True)
        for each in answer["open"]
    ]
    if still_open or not all(answer["clear"] for answer in answers):
        raise Conflict("tenant_not_clear", "Something of this tenant is still open.", fields=still_open)
    async with means.database.transaction(tenant_id) as tx:
        return await _close(tx, tenant_id)


async def end_tenant(tx: Transaction, event: TenantErased) -> None:
    """Note that nothing of a tenant is left in the register: its keys are destroyed next."""
    await tenants.change_tenant(tx, state=TenantState.ERASED.value)
    tx.touched.add(ENDED)


async def destroy_keys(means: Means) -> bool:
    """Destroy the keys of tenants that have ended. Waits while time is doubtful; what fails is tried again."""
    async with means.database.work() as tx:
        going = await who_goes_on(means.database, tx)
        ended = await tenants.ended_tenants(tx)
    for tenant in ended:
        if tenant in going:
            await _destroy(means, tenant)
    return False


async def _ask(means: Means, name: str, tenant: UUID) -> Mapping[str, Any]:
    neighbours = means.neighbours
    answer = await neighbours[name].post(
        f"/internal/v1/tenants/{tenant}/closing", token=neighbours.service_token(name), json={}
    )
    if answer.status_code != httpx.codes.OK:
        raise Unavailable(f"{name}_unavailable", f"The {name} service does not say whether anything is open.")
    said: Mapping[str, Any] = answer.json()
    return said


async def _close(tx: Transaction, tenant_id: UUID) -> Tenant:
    tenant = await tenants.find_tenant(tx, tenant_id, locked=True)
    if tenant.state is not TenantState.CLOSING:
        return tenant
    export_until = tx.now + FOR_EXPORT
    state = TenantState.CLOSED
    await tenants.change_tenant(tx, state=state.value, closed_at=tx.now, export_until=export_until)
    await record(tx, LOG, "tenant.closed", facts={"tenant": str(tenant_id)})
    await announce(tx, TenantClosed(tenant=tenant_id, closed_at=tx.now, export_until=export_until))
    return replace(tenant, state=state, closed_at=tx.now, export_until=export_until)


async def _destroy(means: Means, tenant: UUID) -> None:
    try:
        await means.vault.keys.destroy_tenant_key(tenant)
        gone = await means.vault.keys.tenant_absent(tenant)
    except RecitalError:
        gone = False
    async with means.database.transaction(tenant) as tx:
        if gone:
            await tenants.change_tenant(tx, erased_at=tx.now)
            await record(tx, LOG, "tenant.erased", facts={"tenant": str(tenant)})
        else:
            await alarm(tx, "tenant_keys_stuck", about=tenant, detail="The keys of an erased tenant are still there.")
