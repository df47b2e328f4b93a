"""What all calls of a tenant are judged by, in one round trip: read again only when any of it has changed.

A tenant, its settings and its purposes change a few times a year and are needed by every call. What was read is kept in
the process under a stamp of the rows it was read from, and every look asks for the stamp as it is now.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from recital_database import Transaction

from recital_consent.model.purposes import PurposeVersion
from recital_consent.model.tenants import Tenant, TenantSettings
from recital_consent.store import purposes, tenants

MOST = 1_000
"""Tenants that are kept; past it all are read again."""
# xmin, the transaction that wrote a row as it is, is another after every change. It is of the same snapshot as the ids.
_LOOK = """
    select array(select recital_id() from generate_series(1, :ids)) as ids,
        array(select id from sources where tenant_id = :tenant and id = any(cast(:sources as uuid[]))) as sources,
        (select concat_ws(',', t.xmin, s.xmin, exists (select from unrecorded_lines where tenant_id = :tenant))
            from tenants t join settings s on s.tenant_id = t.tenant_id where t.tenant_id = :tenant) as house,
        (select concat_ws(',', count(*), sum(hashtextextended(concat_ws(',', v.id, v.version, v.xmin, p.xmin), 0)))
            from purpose_versions v join purposes p on p.tenant_id = v.tenant_id and p.id = v.id
            where v.tenant_id = :tenant) as published
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """What was read of a tenant, and the stamp it had before."""

    stamp: tuple[str | None, str]
    tenant: Tenant
    settings: TenantSettings
    versions: Mapping[str, Sequence[PurposeVersion]]


@dataclass(frozen=True, slots=True)
class Looked:
    """What all calls are judged by, which of the named sources are the tenant's, and fresh ids in ascending order."""

    tenant: Tenant
    settings: TenantSettings
    versions: Mapping[str, Sequence[PurposeVersion]]
    sources: frozenset[UUID]
    ids: Sequence[UUID]


class Houses:
    """What is kept of tenants in this process."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._kept: dict[UUID, Kept] = {}

    async def look(self, tx: Transaction, *, sources: Collection[UUID], ids: int) -> Looked:
        """Return what counts now. Raises Unavailable `tenant_unknown`."""
        row = (await tx.execute(_LOOK, {"tenant": tx.tenant, "sources": list(sources), "ids": ids})).one()
        kept, stamp = self._kept.get(tx.tenant), (row.house, row.published)
        if kept is None or kept.stamp != stamp:
            kept = await self._read(tx, stamp)
        return Looked(kept.tenant, kept.settings, kept.versions, frozenset(row.sources), sorted(row.ids))

    async def _read(self, tx: Transaction, stamp: tuple[str | None, str]) -> Kept:
        # What changes in between is read already, under the stamp from before: the next look reads it again.
        tenant, settings = await tenants.own_tenant(tx)
        kept = Kept(stamp, tenant, settings, await purposes.all_versions(tx))
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[tx.tenant] = kept
        return kept
