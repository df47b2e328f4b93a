"""Recipients (AVG art. 19): listed by an officer, sealed, and ticked off when they have been told."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_database import Transaction, new_id

from recital_dsar.actions.entries import Happening, enter
from recital_dsar.actions.means import Means
from recital_dsar.store.recipients import Recipient, add_recipient, recipients_of, tick_off
from recital_dsar.store.requests import request

NAMED = b"recipients.named"


@dataclass(frozen=True, slots=True)
class NamedRecipient:
    """A recipient as officers see it."""

    id: UUID
    name: str
    contact: str | None
    added_by: str
    added_at: datetime
    told_at: datetime | None
    told_by: str | None


async def list_recipient(
    tx: Transaction, means: Means, request_id: UUID, *, name: str, contact: str | None, by: str
) -> NamedRecipient:
    """List somebody to whom the data was given. Raises NotFound, Gone."""
    found = await request(tx, request_id)
    plain = json.dumps({"name": name, "contact": contact}, ensure_ascii=False).encode()
    sealed = await means.vault.seal_small(tx.tenant, found.file_key, plain, NAMED)
    new = Recipient(await new_id(tx), sealed, by, tx.now, None, None)
    await add_recipient(tx, request_id, new)
    await enter(tx, means.vault, found, Happening("recipient.listed", by=by, facts={"recipient": str(new.id)}))
    return NamedRecipient(new.id, name, contact, by, tx.now, None, None)


async def tell_recipient(tx: Transaction, means: Means, request_id: UUID, recipient: UUID, *, by: str) -> None:
    """Tick a recipient off. Raises NotFound, Gone."""
    found = await request(tx, request_id)
    await tick_off(tx, request_id, recipient, by)
    await enter(tx, means.vault, found, Happening("recipient.told", by=by, facts={"recipient": str(recipient)}))


async def named_recipients(tx: Transaction, means: Means, request_id: UUID) -> Sequence[NamedRecipient]:
    """Return a request's recipients. Raises NotFound, Gone."""
    found = await request(tx, request_id)
    named = []
    for each in await recipients_of(tx, request_id):
        plain = json.loads(await means.vault.open_small(tx.tenant, found.file_key, each.named, NAMED))
        named.append(
            NamedRecipient(
                each.id, plain["name"], plain["contact"], each.added_by, each.added_at, each.told_at, each.told_by
            )
        )
    return named
