"""Writing down what happened to a request: in the ledger as ids and a commitment, and beside it sealed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from recital_database import Json, Transaction, new_id, record
from recital_vault import Vault

from recital_dsar.model import Request
from recital_dsar.store.entries import NewEntry, add_entry

LEDGER = "requests"
SELF = "dsar"
DETAILS = b"request_entries.details"


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened: `facts` are ids and codes and stay for ever, `details` may hold what officers wrote."""

    kind: str
    by: str = SELF
    facts: Mapping[str, Json] = field(default_factory=dict)
    details: Mapping[str, Json] | None = None


async def enter(tx: Transaction, vault: Vault, request: Request, happened: Happening) -> UUID:
    """Write what happened to a request and return its id beside the ledger.

    The ledger only commits to the details; they are kept sealed under the file's key and die with the file.
    """
    facts = {"request": str(request.id), **happened.facts}
    recorded = await record(tx, LEDGER, happened.kind, facts=facts, details=happened.details)
    sealed = None
    if happened.details:
        plain = json.dumps(happened.details, ensure_ascii=False).encode()
        sealed = await vault.seal_small(tx.tenant, request.file_key, plain, DETAILS)
    entry = await new_id(tx)
    await add_entry(tx, NewEntry(entry, request.id, happened.kind, happened.by, recorded, sealed))
    return entry


async def opened_details(tx: Transaction, vault: Vault, request: Request, sealed: bytes) -> dict[str, Json]:
    """Return what an entry's sealed details say."""
    plain = await vault.open_small(tx.tenant, request.file_key, sealed, DETAILS)
    found: dict[str, Json] = json.loads(plain)
    return found
