"""Requests that are sent again: the same key and the same request give the same thing, for 30 days.

Rows keep ids and hashes. What makes two requests the same may be a telephone number, which a plain hash would give away
to whoever tries them all; so it is hashed under the caller's key, of which in turn only a hash is kept. Two requests
with one key at once: the second waits for the first's transaction.
"""

import hashlib
import hmac
from uuid import UUID

from recital_errors import Conflict

from recital_database.connection import Transaction

_CLAIM = """
    insert into idempotency (tenant_id, key_sha256, fingerprint) values (:tenant, :key, :fingerprint)
    on conflict (tenant_id, key_sha256) do update
    set fingerprint = excluded.fingerprint, result = null, claimed_at = recital_now()
    where idempotency.claimed_at < recital_now() - interval '30 days'
    returning key_sha256
"""


async def claim(tx: Transaction, key: str | None, *, route: str, fingerprint: bytes) -> UUID | None:
    """Claim a key for a request: None the first time (or without a key), else the id remembered for it.

    `route` is the route's template; `fingerprint` the bytes that make the request the same, as its body. Raises
    Conflict `idempotency_key_reused` where the key was used for another request.
    """
    if key is None:
        return None
    print_of = hmac.digest(key.encode(), route.encode() + b"\0" + fingerprint, "sha256")
    if (await tx.execute(_CLAIM, {"tenant": tx.tenant, "key": _hashed(key), "fingerprint": print_of})).first():
        return None
    row = (
        await tx.execute(
            "select fingerprint, result from idempotency where tenant_id = :tenant and key_sha256 = :key",
            {"tenant": tx.tenant, "key": _hashed(key)},
        )
    ).one()
    if not hmac.compare_digest(row.fingerprint, print_of):
        raise Conflict("idempotency_key_reused", "This Idempotency-Key was used for another request.")
    return UUID(str(row.result)) if row.result else None


async def remember(tx: Transaction, key: str | None, *, result: UUID) -> None:
    """Remember the id that a claimed key stands for. Without a key nothing is done."""
    if key is not None:
        await tx.execute(
            "update idempotency set result = :result where tenant_id = :tenant and key_sha256 = :key",
            {"tenant": tx.tenant, "key": _hashed(key), "result": result},
        )


async def forget_old_keys(tx: Transaction, most: int) -> int:
    """Delete keys claimed more than 30 days ago, up to `most`, and return how many (worker role)."""
    rows = await tx.execute(
        "delete from idempotency i using (select tenant_id, key_sha256 from idempotency"
        " where claimed_at < recital_now() - interval '30 days' order by claimed_at limit :most for update skip locked)"
        " old where i.tenant_id = old.tenant_id and i.key_sha256 = old.key_sha256",
        {"most": most},
    )
    return rows.rowcount


def _hashed(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
