"""What all calls of a request are judged by, and the ids they get, had in one round trip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_database import Transaction

from recital_consent.actions.means import Means
from recital_consent.actions.tenants import taking_in
from recital_consent.decisions.publishing import version_in_force
from recital_consent.decisions.registering import began_at
from recital_consent.model.drafts import CallDraft
from recital_consent.model.purposes import PurposeVersion
from recital_consent.model.tenants import Tenant, TenantSettings


class Ids:
    """Fresh ids in ascending order, had beforehand."""

    def __init__(self, ids: Sequence[UUID]) -> None:
        """Each is taken once."""
        self._ids = iter(ids)

    def take(self, number: int) -> list[UUID]:
        """Take so many."""
        return [next(self._ids) for _ in range(number)]


@dataclass(frozen=True, slots=True)
class House:
    """What all calls of a request are judged by: the tenant, its settings, purposes by key, its sources; and ids."""

    tenant: Tenant
    settings: TenantSettings
    versions: Mapping[str, Sequence[PurposeVersion]]
    sources: frozenset[UUID]
    ids: Ids

    def found(self, draft: CallDraft, now: datetime) -> dict[str, PurposeVersion]:
        """Return under which version of each of its purposes a call is registered, of those that are known."""
        began = began_at(draft, now)
        chosen = {key: version_in_force(self.versions.get(key, ()), began, now) for key in draft.purposes}
        return {key: version for key, version in chosen.items() if version is not None}


async def house_of(means: Means, tx: Transaction, drafts: Sequence[CallDraft]) -> House:
    """Return what these calls are judged by. Raises Unavailable `tenant_unknown`, Forbidden `tenant_closed`."""
    named = {draft.source for draft in drafts if draft.source is not None}
    # Of a call: its own id, its place in the ledger and those of its entries, and two for its permit.
    ids = sum(4 + len(draft.entries) for draft in drafts)
    looked = await means.houses.look(tx, sources=named, ids=ids)
    tenant, settings = taking_in((looked.tenant, looked.settings))
    keys = {key for draft in drafts for key in draft.purposes}
    versions = {key: looked.versions[key] for key in sorted(keys) if key in looked.versions}
    return House(tenant, settings, versions, looked.sources, Ids(looked.ids))
