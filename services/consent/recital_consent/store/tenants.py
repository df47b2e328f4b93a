"""Tenants, their settings and their sources."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, fields
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_errors import NotFound, Unavailable
from sqlalchemy import Row, exists, select, update

from recital_consent.model.purposes import CouncilKind, WorksCouncil
from recital_consent.model.tenants import (
    ErasureWindow,
    Source,
    SourceKind,
    Tenant,
    TenantDraft,
    TenantSettings,
    TenantState,
)
from recital_consent.store.lines import LineRow
from recital_consent.store.tables import SettingsRow, SourceRow, TenantRow, add

_TENANTS, _SETTINGS, _SOURCES = TenantRow.__table__, SettingsRow.__table__, SourceRow.__table__
_LINES = LineRow.__table__


# Settings that are kept as they are.
_PLAIN = sorted({each.name for each in fields(TenantSettings)} - {"works_council", "erasure_window"})


async def add_tenant(tx: Transaction, tenant: Tenant, settings: TenantSettings) -> None:
    """Keep a new tenant and its settings; `tx` is that tenant's transaction."""
    draft = tenant.draft
    values = {
        "name": draft.name,
        "country": draft.country,
        "time_zone": draft.time_zone,
        "languages": list(draft.languages),
        "number_region": draft.number_region,
        "tenant_key": tenant.tenant_key,
        "index_key": tenant.index_key,
        "opened_at": tenant.opened_at,
        "concurrent_uploads": draft.concurrent_uploads,
        "state": tenant.state.value,
    }
    await add(tx, TenantRow, [values])
    await add(tx, SettingsRow, [_settings_values(settings)])


async def list_tenants(tx: Transaction, *, after: UUID | None, most: int) -> list[Tenant]:
    """Return tenants by id (worker role)."""
    statement = select(_TENANTS).order_by(_TENANTS.c.tenant_id).limit(most)
    if after is not None:
        statement = statement.where(_TENANTS.c.tenant_id > after)
    return [_tenant(row) for row in await tx.execute(statement)]


async def find_tenant(tx: Transaction, tenant: UUID, *, locked: bool = False) -> Tenant:
    """Return a tenant by id (worker role, or the tenant's own transaction); raises NotFound."""
    statement = select(_TENANTS).where(_TENANTS.c.tenant_id == tenant)
    row = (await tx.execute(statement.with_for_update() if locked else statement)).one_or_none()
    if row is None:
        raise NotFound
    return _tenant(row)


async def tenant_key(tx: Transaction) -> UUID | None:
    """Return the key of the transaction's tenant, None where there is no such tenant."""
    wanted = select(_TENANTS.c.tenant_key).where(_TENANTS.c.tenant_id == tx.tenant)
    found: UUID | None = (await tx.execute(wanted)).scalar_one_or_none()
    return found


async def ended_tenants(tx: Transaction) -> list[UUID]:
    """Return the tenants whose keys are to be destroyed (worker role)."""
    statement = select(_TENANTS.c.tenant_id).where(
        _TENANTS.c.state == TenantState.ERASED.value, _TENANTS.c.erased_at.is_(None)
    )
    return [row.tenant_id for row in await tx.execute(statement)]


async def own_tenant(tx: Transaction) -> tuple[Tenant, TenantSettings]:
    """Return the transaction's tenant and its settings in one query.

    Raises Unavailable `tenant_unknown`: a token of a tenant that is not open here.
    """
    lines = exists().where(_LINES.c.tenant_id == tx.tenant)
    statement = (
        select(_TENANTS, *(each for each in _SETTINGS.c if each.name != "tenant_id"), lines.label("has_lines"))
        .join(_SETTINGS, _SETTINGS.c.tenant_id == _TENANTS.c.tenant_id)
        .where(_TENANTS.c.tenant_id == tx.tenant)
    )
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise Unavailable("tenant_unknown", "This tenant is not open here.")
    return _tenant(row), _settings(row)


async def change_settings(tx: Transaction, settings: TenantSettings, *, expected: int) -> bool:
    """Keep changed settings where the version is still the expected one; false where it is not."""
    statement = (
        update(_SETTINGS)
        .where(_SETTINGS.c.tenant_id == tx.tenant, _SETTINGS.c.version == expected)
        .values(**_settings_values(settings))
    )
    return (await tx.execute(statement)).rowcount == 1


async def add_source(tx: Transaction, source: Source, *, ledger_entry: UUID, salt: bytes) -> None:
    """Keep a new source."""
    values = {
        "id": source.id,
        "kind": source.kind.value,
        "name": source.name,
        "numbers": list(source.numbers),
        "registered_at": source.registered_at,
        "ledger_entry": ledger_entry,
        "salt": salt,
    }
    await add(tx, SourceRow, [values])


async def find_source(tx: Transaction, source: UUID) -> Source:
    """Return a source; raises NotFound."""
    statement = select(_SOURCES).where(_SOURCES.c.tenant_id == tx.tenant, _SOURCES.c.id == source)
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return _source(row)


async def known_sources(tx: Transaction, sources: Collection[UUID]) -> set[UUID]:
    """Return which of these are sources of the tenant's."""
    statement = select(_SOURCES.c.id).where(_SOURCES.c.tenant_id == tx.tenant, _SOURCES.c.id.in_(list(sources)))
    return {row.id for row in await tx.execute(statement)}


async def change_tenant(tx: Transaction, **changes: Any) -> None:
    """Change columns of the transaction's own tenant."""
    await tx.execute(update(_TENANTS).where(_TENANTS.c.tenant_id == tx.tenant).values(**changes))


async def list_sources(tx: Transaction, *, after: UUID | None, most: int) -> Sequence[Source]:
    """Return a page of sources."""
    statement = select(_SOURCES).where(_SOURCES.c.tenant_id == tx.tenant).order_by(_SOURCES.c.id).limit(most)
    if after is not None:
        statement = statement.where(_SOURCES.c.id > after)
    return [_source(row) for row in await tx.execute(statement)]


def _tenant(row: Row[Any]) -> Tenant:
    draft = TenantDraft(
        name=row.name,
        country=row.country,
        time_zone=row.time_zone,
        languages=tuple(row.languages),
        number_region=row.number_region,
        concurrent_uploads=row.concurrent_uploads,
    )
    return Tenant(
        id=row.tenant_id,
        draft=draft,
        tenant_key=row.tenant_key,
        index_key=row.index_key,
        opened_at=row.opened_at,
        state=TenantState(row.state),
        closing_at=row.closing_at,
        closed_at=row.closed_at,
        export_until=row.export_until,
        has_lines=getattr(row, "has_lines", False),
    )


def _settings(row: Row[Any]) -> TenantSettings:
    said = row.works_council
    council = WorksCouncil(kind=CouncilKind(said["kind"]), reference=said["reference"]) if said else None
    window = row.erasure_window
    return TenantSettings(
        works_council=council,
        erasure_window=ErasureWindow(**(window | {"weekdays": tuple(window["weekdays"])})) if window else None,
        **{name: getattr(row, name) for name in _PLAIN},
    )


def _settings_values(settings: TenantSettings) -> dict[str, Any]:
    council, window = settings.works_council, settings.erasure_window
    return {
        **{name: getattr(settings, name) for name in _PLAIN},
        "erasure_window": asdict(window) if window else None,
        "works_council": {"kind": council.kind.value, "reference": council.reference} if council else None,
    }


def _source(row: Row[Any]) -> Source:
    return Source(
        id=row.id,
        kind=SourceKind(row.kind),
        name=row.name,
        numbers=tuple(row.numbers),
        registered_at=row.registered_at,
    )
