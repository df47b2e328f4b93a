"""Texts about listening, sealed under a key per tenant and month: no reason lies in a table in plain text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from recital_database import Transaction
from recital_errors import Unavailable
from recital_vault import SealBroken

from recital_ingest.actions.means import Means
from recital_ingest.store import reference, texts

CONTEXT = b"access.texts"


@dataclass(frozen=True, slots=True)
class Sealed:
    """Sealed texts, and the key that opens them."""

    sealed: bytes
    key: UUID


async def seal_text(means: Means, tenant: UUID, said: Mapping[str, str | None]) -> Sealed:
    """Seal texts under this month's key, which is made, and committed, when it is first needed."""
    async with means.database.transaction(tenant) as tx:
        key = await texts.key_of_month(tx)
        tenant_key = await reference.tenant_key(tx)
    if key is None:
        if tenant_key is None:
            raise Unavailable("tenant_unknown", "This tenant has just been opened.", retry_after=1)
        key = await _made(means, tenant, tenant_key)
    sealed = await means.vault.seal_small(tenant, key, json.dumps(said, ensure_ascii=False).encode(), CONTEXT)
    return Sealed(sealed, key)


async def open_text(means: Means, tenant: UUID, sealed: Sealed) -> dict[str, str | None]:
    """Return the texts. Raises NotFound where their time is over, SealBroken."""
    opened = json.loads(await means.vault.open_small(tenant, sealed.key, sealed.sealed, CONTEXT))
    if not isinstance(opened, dict):
        raise SealBroken
    return opened


async def _made(means: Means, tenant: UUID, tenant_key: UUID) -> UUID:
    made = await means.vault.keys.new_key(tenant, tenant, tenant_key)
    async with means.database.transaction(tenant) as tx:
        key = await _named(tx, made.id)
    if key != made.id:
        # Another process was first.
        await means.vault.keys.destroy(tenant, [made.id])
    return key


async def _named(tx: Transaction, key: UUID) -> UUID:
    await texts.name_key(tx, key)
    named = await texts.key_of_month(tx)
    return named or key
