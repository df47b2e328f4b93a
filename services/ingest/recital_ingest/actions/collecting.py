"""Collecting for a person's request: one part, rendered once, sealed, told to dsar by count and hash, registered.

The part ends with the request. It says which recordings carry the person, and who was allowed to listen to them (R12,
R15); the audio itself is given separately, under grants.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from recital_database import Transaction, new_id
from recital_errors import Unavailable
from recital_events import CollectionOrdered
from recital_identity import Principal
from recital_runtime import SealedPart, tell_part

from recital_ingest.actions.annotating import Written, opened
from recital_ingest.actions.listening import tenant_of
from recital_ingest.actions.means import LOG, Means
from recital_ingest.model.ending import Collection
from recital_ingest.model.listening import Listening
from recital_ingest.model.recording import Recording
from recital_ingest.model.spans import apart
from recital_ingest.model.upload import Due, object_key
from recital_ingest.store import annotations, endings, grants, recordings, reference, standings

SERVICE = "ingest"
COLLECTIONS = "collections"
"""What a transaction touches that has an order to collect."""
AT_ONCE = 16
TAKEN_FOR = timedelta(minutes=1)
PART = 0
"""The part number in the seal of a collected part."""


async def take_order(tx: Transaction, event: CollectionOrdered) -> None:
    """Note an order to collect."""
    await endings.add_collection(tx, event, part=await new_id(tx))
    tx.touched.add(COLLECTIONS)


async def collect_due(means: Means) -> bool:
    """Render the parts that are due; true when there may be more."""
    async with means.database.work() as tx:
        due = await endings.due_collections(tx, AT_ONCE)
    for each in due:
        await _collect(means, each)
    return len(due) == AT_ONCE


async def read_part(means: Means, principal: Principal, order: UUID) -> tuple[int, AsyncIterator[bytes]]:
    """Return size and bytes of a sealed part, for an order token of its request. Raises NotFound."""
    tenant = tenant_of(principal)
    async with means.database.transaction(tenant) as tx:
        found = await endings.collected_part(tx, order, request=principal.request)
    if found.object is None or found.key is None or found.size is None:
        raise Unavailable("part_incomplete")
    key = object_key(found.object)
    reader = means.vault.reader(tenant, found.part, PART, key, found.key, size=found.size)
    return found.size, reader.read()


async def _collect(means: Means, due: Due) -> None:
    """Name key and object first, seal the part, then commit what it is; an earlier attempt's place is cleared."""
    async with means.database.transaction(due.tenant) as tx:
        collection = await endings.take_collection(tx, due.id, again_after=TAKEN_FOR)
        tenant_key = await reference.tenant_key(tx)
    if collection is None:
        return
    if tenant_key is None:
        raise Unavailable("tenant_unknown", "This tenant has just been opened.")
    await _clear(means, due.tenant, collection)
    key = await means.vault.keys.new_key(due.tenant, collection.part, tenant_key)
    async with means.database.transaction(due.tenant) as tx:
        object_id = await new_id(tx)
        await endings.name_part(tx, collection.id, object_id=object_id, key=key.id)
        whoever = sorted(await standings.all_of(tx, collection.subjects))
        found = await recordings.recordings_of_subjects(tx, whoever)
        heard = await grants.listenings_of(tx, [each.id for each in found])
        beside = await annotations.annotations_of(tx, [each.id for each in found])
        now = tx.now
    written = await opened(means, due.tenant, beside)
    document = _document(collection, found, heard, written, now)
    async with means.vault.writer(due.tenant, collection.part, PART, object_key(object_id), key) as writer:
        await writer.write(document)
        await writer.finish()
    sealed = SealedPart(
        id=collection.part,
        order=collection.id,
        request=collection.request,
        subjects=collection.subjects,
        object_key=object_key(object_id),
        key=key.id,
    )
    ids = [each.id for each in found]
    async with means.database.transaction(due.tenant) as tx:
        if await endings.finish_collection(
            tx, collection.id, object_id=object_id, size=len(document), items=len(found)
        ):
            await tell_part(tx, sealed, document, log=LOG, items=len(found), contains=ids)


async def _clear(means: Means, tenant: UUID, collection: Collection) -> None:
    if collection.key is not None:
        await means.vault.keys.destroy(tenant, [collection.key])
    if collection.object is not None:
        await means.vault.objects.erase(object_key(collection.object))


def _document(
    collection: Collection,
    found: Sequence[Recording],
    heard: Mapping[UUID, Sequence[Listening]],
    written: Sequence[Written],
    now: datetime,
) -> bytes:
    document = {
        "service": SERVICE,
        "request": str(collection.request),
        "order": str(collection.id),
        "rendered_at": now.isoformat(),
        "items": [
            _item(recording, heard[recording.id], [each for each in written if each.recording == recording.id])
            for recording in found
        ],
    }
    return json.dumps(document, ensure_ascii=False).encode()


def _item(recording: Recording, heard: Sequence[Listening], written: Sequence[Written]) -> dict[str, Any]:
    return {
        "kind": "recording",
        "id": str(recording.id),
        "at": recording.answered_at.isoformat(),
        "call": str(recording.call),
        "ended_at": recording.call_ended_at.isoformat(),
        "stored_at": recording.stored_at.isoformat(),
        "started_at": _started(recording).isoformat(),
        "channels": recording.sound.channels,
        "duration_ms": recording.frames * 1000 // recording.sound.rate,
        "received_sha256": recording.received_sha256.hex(),
        "purposes": [each.key for each in recording.purposes],
        "spans": [{"purposes": names, "spans": spans} for names, spans in apart(recording.spans)],
        "parties": [
            {
                "party": party.party,
                "kind": party.kind,
                "subject": str(party.subject) if party.subject else None,
                "channel": party.channel,
                "recorded": party.recorded,
            }
            for party in recording.parties
        ],
        "annotations": [
            {"kind": each.kind, "text": each.text, "made_at": each.made_at.isoformat()} for each in written
        ],
        "listened": [
            {
                "purpose": each.purpose,
                "roles": list(each.roles),
                "granted_at": each.granted_at.isoformat(),
                "played_at": each.played_at.isoformat() if each.played_at else None,
            }
            for each in heard
        ],
    }


def _started(recording: Recording) -> datetime:
    """When the first sample was spoken."""
    first = min(recording.stretches, key=lambda each: each.offset)
    return recording.answered_at + timedelta(microseconds=first.at - first.offset)
