"""Requests that are sent again: the same key and the same request give the same thing, for 30 days.

Rows keep ids only. Two requests with one key at once: the second waits for the first's transaction.
"""

import hashlib
from uuid import UUID

from recital_errors import Conflict

from recital_database.connection import Transaction

_CLAIM = """
    insert into idempotency (tenant_id, key, fingerprint) values (:tenant, :key, :fingerprint)
    on conflict (tenant_id, key) do update
    set fingerprint = excluded.fingerprint, result = null, claimed_at = recital_now()
    where idempotency.claimed_at < recital_now() - interval '30 days'
    returning key
"""


async def claim(tx: Transaction, key: str | None, *, route: str, fingerprint: bytes) -> UUID | None:
    """Claim a key for a request: None the first time (or without a key), else the id remembered for it.

    `route` is the route's template; `fingerprint` the bytes that make the request the same, as its body. Raises
    Conflict `idempotency_key_reused` where the key was used for another request.
    """
    if key is None:
        return None
    print_of = hashlib.sha256(route.encode() + b"\0" + fingerprint).digest()
    if (await tx.execute(_CLAIM, {"tenant": tx.tenant, "key": key, "fingerprint": print_of})).first():
        return None
    row = (
        await tx.execute(
            "select fingerprint, result from idempotency where tenant_id = :tenant and key = :key",
            {"tenant": tx.tenant, "key": key},
        )
    ).one()
    if row.fingerprint != print_of:
        raise Conflict("idempotency_key_reused", "This Idempotency-Key was used for another request.")
    return UUID(str(row.result)) if row.result else None


async def remember(tx: Transaction, key: str | None, *, result: UUID) -> None:
    """Remember the id that a claimed key stands for. Without a key nothing is done."""
    if key is not None:
        await tx.execute(
            "update idempotency set result = :result where tenant_id = :tenant and key = :key",
            {"tenant": tx.tenant, "key": key, "result": result},
        )
