"""dsar's own part of a collection: what this person asked before, what was answered, and who was told of it (R12).

What was corrected is not in it: a correction stands beside its holding, and is given by whoever holds that.

Rendered once, with the order, and sealed in this database under the file's key; it is gone when the request closes.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction, new_id
from recital_errors import Unavailable
from recital_ledger import instant
from recital_vault import Vault

from recital_dsar.actions.part_reading import PartDocument, understood
from recital_dsar.actions.recipients import NAMED
from recital_dsar.decisions.letters import Letter
from recital_dsar.model import Part, PartState, Request
from recital_dsar.store.letters import letters_of
from recital_dsar.store.parts import add_own_part, own_part
from recital_dsar.store.recipients import Recipient, recipients_of_several
from recital_dsar.store.requests import requests_about

SERVICE = "dsar"
SEALED = b"parts.sealed"


async def render_own_part(tx: Transaction, vault: Vault, found: Request, order: UUID) -> tuple[Part, PartDocument]:
    """Render, seal and keep the part of this service, and return it as the others' are read."""
    earlier = await requests_about(tx, found.subjects or (), but=found.id)
    letters = await letters_of(tx, [each.id for each in earlier])
    told = await recipients_of_several(tx, [each.id for each in earlier])
    items = [_asked(each, letters.get(each.id, ())) for each in earlier]
    for each in earlier:
        items += [await _recipient(tx, vault, each, one) for one in told.get(each.id, ())]
    body = _document(found, order, items, tx.now)
    new = Part(
        await new_id(tx),
        found.id,
        order,
        SERVICE,
        PartState.CHECKED,
        len(items),
        len(body),
        hashlib.sha256(body).hexdigest(),
    )
    await add_own_part(tx, new, await vault.seal_small(tx.tenant, found.file_key, body, SEALED))
    return new, understood(body)


async def read_own_part(tx: Transaction, vault: Vault, found: Request, part: UUID) -> PartDocument:
    """Return what was rendered; raises Unavailable `part_unreadable` where it is not there any more."""
    sealed = await own_part(tx, part)
    if sealed is None:
        raise Unavailable("part_unreadable", "The own part of this request is gone.")
    return understood(await vault.open_small(tx.tenant, found.file_key, sealed, SEALED))


def _asked(earlier: Request, letters: Sequence[Letter]) -> dict[str, Any]:
    return {
        "kind": "request",
        "id": str(earlier.id),
        "at": instant(earlier.received_at),
        "asked": earlier.kind.value,
        "channel": earlier.channel,
        "received_on": earlier.deadlines.received_on.isoformat(),
        "answer_by": earlier.answer_by.isoformat(),
        "identity_proved_by": earlier.proved_by,
        "state": earlier.state.value,
        "outcome": earlier.outcome.value if earlier.outcome else None,
        "answered_at": _said(earlier.answered_at),
        "closed_at": _said(earlier.closed_at),
        "letters": [
            {"kind": each.kind.value, "channel": each.channel.value, "sent_at": _said(each.sent_at)} for each in letters
        ],
    }


async def _recipient(tx: Transaction, vault: Vault, earlier: Request, told: Recipient) -> dict[str, Any]:
    named: Mapping[str, Any] = json.loads(await vault.open_small(tx.tenant, earlier.file_key, told.named, NAMED))
    return {
        "kind": "recipient",
        "id": str(told.id),
        "at": instant(told.added_at),
        "name": named.get("name"),
        "request": str(earlier.id),
        "told_at": _said(told.told_at),
    }


def _document(found: Request, order: UUID, items: Sequence[Mapping[str, Any]], now: datetime) -> bytes:
    head = {"service": SERVICE, "request": str(found.id), "order": str(order), "rendered_at": instant(now)}
    return json.dumps({**head, "items": list(items)}, ensure_ascii=False).encode()


def _said(at: datetime | None) -> str | None:
    return None if at is None else instant(at)
