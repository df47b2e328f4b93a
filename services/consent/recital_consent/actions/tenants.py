"""Tenants are opened by the operator; the tenant_admin sets the rest."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from recital_database import Json, Transaction, announce, claim, new_id, record, remember
from recital_errors import Forbidden, NotFound, PreconditionFailed
from recital_events import ErasureWindow, TenantChanged, TenantOpened

from recital_consent.actions.means import LOG, Means, refuse
from recital_consent.decisions.guard import DEFAULT_GUARD_MS
from recital_consent.decisions.opening import opening_problems
from recital_consent.decisions.settings import settings_problems
from recital_consent.model.tenants import Tenant, TenantDraft, TenantSettings, TenantState
from recital_consent.store import tenants

# The operator is of no tenant; what it asks twice is remembered under an id that no tenant has.
OPERATORS = UUID(int=1)
FIRST_SETTINGS = TenantSettings(version=1, guard_ms=DEFAULT_GUARD_MS, private_mark_minutes=15, works_council=None)


async def open_tenant(means: Means, draft: TenantDraft, key: str | None) -> Tenant:
    """Open a tenant and make its keys; the same Idempotency-Key opens it once, whatever dies in between.

    Raises Malformed, Conflict `idempotency_key_reused`, Unavailable.
    """
    problems = opening_problems(draft)
    if problems:
        refuse(problems)
    content = json.dumps(asdict(draft), sort_keys=True).encode()
    async with means.database.transaction(OPERATORS) as tx:
        id_ = await claim(tx, key, route="POST /v1/tenants", fingerprint=hashlib.sha256(content).digest())
        if id_ is None:
            id_ = await new_id(tx)
            await remember(tx, key, result=id_)
    tenant_key = await means.vault.keys.create_tenant_key(id_)
    index_key = await means.vault.keys.new_key(id_, id_, tenant_key)
    async with means.database.transaction(id_) as tx:
        await tx.execute("select pg_advisory_xact_lock(hashtextextended(:id, 3))", {"id": str(id_)})
        try:
            return await tenants.find_tenant(tx, id_)
        except NotFound:
            pass
        tenant = Tenant(id=id_, draft=draft, tenant_key=tenant_key, index_key=index_key.id, opened_at=tx.now)
        await tenants.add_tenant(tx, tenant, FIRST_SETTINGS)
        await record(tx, LOG, "tenant.opened", facts={"tenant": str(id_)})
        await announce(
            tx,
            TenantOpened(
                tenant=id_,
                country=draft.country,
                time_zone=draft.time_zone,
                languages=draft.languages,
                number_region=draft.number_region,
                opened_at=tx.now,
            ),
        )
    return tenant


def taking_in(found: tuple[Tenant, TenantSettings]) -> tuple[Tenant, TenantSettings]:
    """Return a tenant that still takes calls in; raises Forbidden `tenant_closed`."""
    if found[0].state in (TenantState.CLOSED, TenantState.ERASED):
        raise Forbidden("tenant_closed", "This tenant is closed: nothing is taken in any more.")
    return found


async def list_tenants(tx: Transaction, *, after: UUID | None, most: int) -> Sequence[Tenant]:
    """Return a page of tenants (worker role)."""
    return await tenants.list_tenants(tx, after=after, most=most)


async def read_tenant(tx: Transaction, tenant: UUID) -> Tenant:
    """Return a tenant (worker role); raises NotFound."""
    return await tenants.find_tenant(tx, tenant)


async def read_settings(tx: Transaction) -> TenantSettings:
    """Return the settings of the transaction's tenant."""
    return (await tenants.own_tenant(tx))[1]


async def change_settings(tx: Transaction, wanted: TenantSettings, *, expected: int) -> TenantSettings:
    """Keep changed settings as the version after `expected`, and tell how the tenant now stands.

    Raises Malformed, PreconditionFailed where `expected` is not the newest version.
    """
    problems = settings_problems(wanted)
    if problems:
        refuse(problems)
    changed = replace(wanted, version=expected + 1)
    if not await tenants.change_settings(tx, changed, expected=expected):
        raise PreconditionFailed("settings_changed", "The settings have changed since they were read.")
    facts: dict[str, Json] = {"version": changed.version, "settings": _said(changed)}
    await record(tx, LOG, "settings.changed", facts=facts)
    tenant, _ = await tenants.own_tenant(tx)
    await announce(tx, _changed(tx, tenant, changed))
    return changed


async def change_tenant(means: Means, tenant_id: UUID, changes: Mapping[str, Any]) -> Tenant:
    """Change what the operator sets of a tenant: name, country, time zone, languages, number region, limits.

    Raises NotFound, Malformed, Forbidden `tenant_closed`.
    """
    async with means.database.transaction(tenant_id) as tx:
        await tenants.find_tenant(tx, tenant_id)
        tenant, settings = taking_in(await tenants.own_tenant(tx))
        draft = replace(tenant.draft, **changes)
        problems = opening_problems(draft)
        if problems:
            refuse(problems)
        if draft == tenant.draft:
            return tenant
        await tenants.change_tenant(tx, **(asdict(draft) | {"languages": list(draft.languages)}))
        changed = replace(tenant, draft=draft)
        await record(tx, LOG, "tenant.changed", facts={"tenant": str(tenant_id), "changed": sorted(changes)})
        await announce(tx, _changed(tx, changed, settings))
        return changed


def _changed(tx: Transaction, tenant: Tenant, settings: TenantSettings) -> TenantChanged:
    draft, window = tenant.draft, settings.erasure_window
    return TenantChanged(
        tenant=tenant.id,
        country=draft.country,
        time_zone=draft.time_zone,
        languages=draft.languages,
        number_region=draft.number_region,
        holiday_region=settings.holiday_region,
        concurrent_uploads=draft.concurrent_uploads,
        erasure_window=ErasureWindow(**asdict(window)) if window else None,
        call_record_retention=settings.call_record_retention,
        request_file_retention=settings.request_file_retention,
        package_retention=settings.package_retention,
        read_back_every=settings.read_back_every,
        staff_voices_muted=settings.staff_voices_muted,
        changed_at=tx.now,
    )


def _said(settings: TenantSettings) -> dict[str, Json]:
    """Return settings as the ledger keeps them: no person is in them."""
    said: dict[str, Json] = json.loads(json.dumps(asdict(settings)))
    return said
