"""Collecting for a person's request: who consent knows the person as, the calls, what was said and consented to.

One part, rendered once from one snapshot, sealed, told to dsar by count and hash; it ends with the request (R12, R15).
"""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from recital_database import Transaction, new_id
from recital_errors import Forbidden, NotFound, Unavailable
from recital_events import CollectionOrdered
from recital_identity import Principal
from recital_runtime import SealedPart, tell_part

from recital_consent.actions.identities import open_identity
from recital_consent.actions.means import LOG, Means
from recital_consent.actions.rectifying import Corrected, read_rectifications
from recital_consent.model.asking import PrivateAsk
from recital_consent.model.calls import CallRecord, Entry
from recital_consent.model.holdings import Due, Part, object_key
from recital_consent.model.statements import Statement
from recital_consent.model.subjects import SealedIdentity, StaffNotice
from recital_consent.store import asking, calls, statements, subjects, tenants, work
from recital_consent.store.counted import Counted, counted_of

SERVICE = "consent"
PARTS = "parts"
"""What a transaction touches that has an order to collect."""
AT_ONCE = 16
TAKEN_FOR = timedelta(minutes=1)
SEALED_AS = 0
"""The part number in the seal of a collected part."""


async def take_order(tx: Transaction, event: CollectionOrdered) -> None:
    """Note an order to collect."""
    await work.add_part(tx, event, part=await new_id(tx))
    tx.touched.add(PARTS)


async def collect_due(means: Means) -> bool:
    """Render the parts that are due; true when there may be more."""
    async with means.database.work() as tx:
        due = await work.due_parts(tx, AT_ONCE)
    for each in due:
        await _collect(means, each)
    return len(due) == AT_ONCE


async def read_part(means: Means, principal: Principal, order: UUID) -> tuple[int, AsyncIterator[bytes]]:
    """Return size and bytes of a rendered part, for an order token of its request. Raises NotFound."""
    if principal.tenant is None:
        raise Forbidden("tenant_missing", "This token is of no tenant.")
    async with means.database.transaction(principal.tenant) as tx:
        found = await work.collected_part(tx, order, request=principal.request)
    if found.object_id is None or found.key is None or found.size is None:
        raise Unavailable("part_incomplete")
    key = object_key(found.object_id)
    reader = means.vault.reader(principal.tenant, found.id, SEALED_AS, key, found.key, size=found.size)
    return found.size, reader.read()


async def _collect(means: Means, due: Due) -> None:
    """Name key and object first, seal the part, then commit what it is; an earlier attempt's place is cleared."""
    async with means.database.transaction(due.tenant) as tx:
        part = await work.take_part(tx, due.id, again_after=TAKEN_FOR)
        tenant, _ = await tenants.own_tenant(tx)
    if part is None:
        return
    await _clear(means, due.tenant, part)
    key = await means.vault.keys.new_key(due.tenant, part.id, tenant.tenant_key)
    async with means.database.transaction(due.tenant) as tx:
        object_id = await new_id(tx)
        await work.name_part(tx, part.id, object_id=object_id, key=key.id)
        items, contains = await _items(means, tx, part)
        document = _document(part, items, tx.now)
    async with means.vault.writer(due.tenant, part.id, SEALED_AS, object_key(object_id), key) as writer:
        await writer.write(document)
        await writer.finish()
    sealed = SealedPart(
        id=part.id,
        order=part.order,
        request=part.request,
        subjects=part.subjects,
        object_key=object_key(object_id),
        key=key.id,
    )
    async with means.database.transaction(due.tenant) as tx:
        if await work.finish_part(tx, part.id, object_id=object_id, size=len(document)):
            await tell_part(tx, sealed, document, log=LOG, items=len(items), contains=contains)


async def _clear(means: Means, tenant: UUID, part: Part) -> None:
    if part.key is not None:
        await means.vault.keys.destroy(tenant, [part.key])
    if part.object_id is not None:
        await means.vault.objects.erase(object_key(part.object_id))


async def _items(means: Means, tx: Transaction, part: Part) -> tuple[list[dict[str, Any]], list[UUID]]:
    """Return the items of a part, and the ids of the holdings they come from."""
    identities = await subjects.sealed_identities(tx, part.subjects)
    await means.vault.keys.several(tx.tenant, [each.key for each in identities.values()])
    theirs = await calls.calls_of_subjects(tx, part.subjects)
    notices = await subjects.notices_to(tx, part.subjects)
    said = await statements.statements_of(tx, part.subjects)
    corrected = await read_rectifications(means, tx, [*identities, *(each.id for each in theirs)])
    items = [
        *[item for each in identities.values() if (item := await _identity(means, tx.tenant, each))],
        *(_call(each) for each in theirs),
        *(_staff_notice(each) for each in notices),
        *(_private_ask(each) for each in await asking.asks_by(tx, part.subjects)),
        *(_counted(each) for each in await counted_of(tx, part.subjects)),
        *(_statement(each) for each in {each.id: each for each in said}.values()),
    ]
    for item in items:
        if beside := [_correction(each) for each in corrected if str(each.holding) == item["id"]]:
            item["rectifications"] = beside
    return items, [*identities, *(each.id for each in theirs)]


async def _identity(means: Means, tenant: UUID, identity: SealedIdentity) -> dict[str, Any] | None:
    try:
        opened = await open_identity(means.vault, tenant, identity)
    except NotFound:
        return None  # its key is being destroyed: there is nothing left to give
    return {"kind": "identity", "id": str(identity.subject), "staff": identity.staff, **opened}


def _call(call: CallRecord) -> dict[str, Any]:
    return {
        "kind": "call",
        "id": str(call.id),
        "at": (call.started_at or call.registered_at).isoformat(),
        "registered_at": call.registered_at.isoformat(),
        "ended_at": _said(call.ended_at),
        "reference": call.reference,
        "direction": call.direction.value if call.direction else None,
        "language": call.language,
        "private": call.private,
        "recorded": call.recorded_at is not None,
        "parties": [
            {
                "party": party.label,
                "kind": party.kind.value,
                "type": party.type.value,
                "subject": str(party.subject) if party.subject else None,
            }
            for party in call.facts.parties
        ],
        "purposes": [
            {
                "key": each.key,
                "version": each.version,
                "title": each.draft.title,
                "basis": each.draft.basis.kind.value,
                "retention": each.draft.retention,
                "notice": each.draft.notices.get(call.language or ""),
            }
            for each in call.purposes
        ],
        "timeline": [_entry(each.entry) for each in call.written.values()],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    said = {
        "kind": entry.kind.value,
        "at": entry.at.isoformat(),
        "party": entry.party,
        "purposes": sorted(entry.purposes) or None,
        "version": entry.version,
        "language": entry.language,
        "started_at": _said(entry.started_at),
        "ended_at": _said(entry.ended_at),
        "completed": entry.completed or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _correction(corrected: Corrected) -> dict[str, Any]:
    return {"id": str(corrected.id), "at": corrected.made_at.isoformat(), "text": corrected.text}


def _staff_notice(notice: StaffNotice) -> dict[str, Any]:
    return {
        "kind": "staff_notice",
        "id": str(notice.id),
        "at": notice.notified_at.isoformat(),
        "purpose": notice.key,
        "version": notice.version,
        "acknowledged_at": _said(notice.acknowledged_at),
    }


def _private_ask(ask: PrivateAsk) -> dict[str, Any]:
    return {
        "kind": "private_ask",
        "id": str(ask.id),
        "at": ask.asked_at.isoformat(),
        "call": str(ask.call),
        "started_at": _said(ask.started_at),
        "ended_at": _said(ask.ended_at),
        "state": ask.state.value,
        "decided_at": _said(ask.decided_at),
        "reason": ask.reason,
    }


def _counted(month: Counted) -> dict[str, Any]:
    """What is counted of staff, and cannot be told apart again into calls; the month is the tenant's local one."""
    return {
        "kind": "staff_month",
        "month": month.month.strftime("%Y-%m"),
        "private_marks": month.private_marks,
        "sampled_calls": month.sampled,
    }


def _statement(said: Statement) -> dict[str, Any]:
    return {
        "kind": said.kind.value,
        "id": str(said.id),
        "at": said.at.isoformat(),
        "received_at": said.received_at.isoformat(),
        "purposes": None if said.purposes is None else sorted(said.purposes),
        "state": said.state.value,
        "text": said.text,
        "language": said.language,
        "decided_at": _said(said.decided_at),
    }


def _document(part: Part, items: Sequence[dict[str, Any]], now: datetime) -> bytes:
    document = {
        "service": SERVICE,
        "request": str(part.request),
        "order": str(part.order),
        "rendered_at": now.isoformat(),
        "items": items,
    }
    return json.dumps(document, ensure_ascii=False).encode()


def _said(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
