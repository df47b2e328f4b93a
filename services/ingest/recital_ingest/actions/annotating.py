"""What people write beside a recording: the audio and what was recorded of it are never edited (R17).

Each text is sealed under a key of its own and is erased with the recording. A correction that dsar decided is written
so too; its text is fetched from dsar, since no event carries it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from recital_database import Transaction, announce, new_id, record
from recital_errors import Gone, NotFound, RecitalError, Unavailable
from recital_events import CopyRegistered, Place, RectificationDecided
from recital_identity import Principal
from recital_runtime import correction_text

from recital_ingest.actions.listening import kept, tenant_of
from recital_ingest.actions.means import LOG, Means
from recital_ingest.model.recording import Recording
from recital_ingest.model.upload import Due
from recital_ingest.store import annotations, reference
from recital_ingest.store.annotations import Annotation

CONTEXT = b"recording.annotation"
NOTE, RECTIFICATION = "note", "rectification"
RECORDING = "recording"
RECTIFICATIONS = "rectifications"
"""What a transaction touches that has a text to fetch."""
AT_ONCE = 16
TAKEN_FOR = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Written:
    """An annotation as it is read."""

    id: UUID
    recording: UUID
    kind: str
    author: str
    text: str
    made_at: datetime


async def annotate(means: Means, principal: Principal, recording_id: UUID, text: str) -> Written:
    """Write a text beside a recording. Raises NotFound, Gone, Unavailable."""
    tenant = tenant_of(principal)
    async with means.database.transaction(tenant) as tx:
        await kept(tx, recording_id)
    note = _Note(recording_id, NOTE, principal.subject, text)
    made = await _write(means, tenant, note)
    return Written(made.id, recording_id, made.kind, made.author, text, made.made_at)


async def read_annotations(means: Means, principal: Principal, recording_id: UUID) -> list[Written]:
    """Return what stands beside a recording. Raises NotFound, Gone."""
    tenant = tenant_of(principal)
    async with means.database.transaction(tenant) as tx:
        await kept(tx, recording_id)
        found = await annotations.annotations_of(tx, [recording_id])
    return await opened(means, tenant, found)


async def opened(means: Means, tenant: UUID, found: Sequence[Annotation]) -> list[Written]:
    """Return annotations with their texts; one whose key is gone is being erased and is left out."""
    keys = await means.vault.keys.several(tenant, [each.key for each in found])
    return [
        Written(
            each.id,
            each.recording,
            each.kind,
            each.author,
            (await means.vault.open_small(tenant, each.key, each.sealed, CONTEXT)).decode(),
            each.made_at,
        )
        for each in found
        if each.key in keys
    ]


async def take_rectification(tx: Transaction, event: RectificationDecided) -> None:
    """Note that a correction must stand beside a recording of ours."""
    if event.kind == RECORDING:
        await annotations.add_rectification(tx, event)
        tx.touched.add(RECTIFICATIONS)


async def rectify_due(means: Means) -> bool:
    """Fetch the texts of corrections and write them; true when there may be more."""
    async with means.database.work() as tx:
        due = await annotations.due_rectifications(tx, AT_ONCE)
    for each in due:
        await _rectify(means, each)
    return len(due) == AT_ONCE


async def _rectify(means: Means, due: Due) -> None:
    async with means.database.transaction(due.tenant) as tx:
        recording = await annotations.take_rectification(tx, due.id, again_after=TAKEN_FOR)
    if recording is None:
        return
    text = await correction_text(means.neighbours, due.id)
    if text is None:
        async with means.database.transaction(due.tenant) as tx:
            await annotations.finish_rectification(tx, due.id)
        return
    note = _Note(recording, RECTIFICATION, "dsar", text, due.id)
    try:
        await _write(means, due.tenant, note)
    except (Gone, NotFound):
        async with means.database.transaction(due.tenant) as tx:
            await annotations.finish_rectification(tx, due.id)


@dataclass(frozen=True, slots=True)
class _Note:
    recording: UUID
    kind: str
    author: str
    text: str
    rectification: UUID | None = None


async def _write(means: Means, tenant: UUID, note: _Note) -> Annotation:
    """Commit the key, seal, and commit the text with its ledger entry; a key of no use goes at once."""
    async with means.database.transaction(tenant) as tx:
        tenant_key = await reference.tenant_key(tx)
    if tenant_key is None:
        raise Unavailable("tenant_unknown", "This tenant has just been opened.", retry_after=1)
    key = await means.vault.keys.new_key(tenant, note.recording, tenant_key)
    sealed = await means.vault.seal_small(tenant, key.id, note.text.encode(), CONTEXT)
    try:
        async with means.database.transaction(tenant) as tx:
            recording = await kept(tx, note.recording)
            made = Annotation(
                id=await new_id(tx),
                recording=note.recording,
                kind=note.kind,
                author=note.author,
                key=key.id,
                sealed=sealed,
                made_at=tx.now,
                rectification=note.rectification,
            )
            added = await _add(tx, recording, made, note.text)
    except RecitalError:
        await means.vault.keys.destroy(tenant, [key.id])
        raise
    if not added:
        await means.vault.keys.destroy(tenant, [key.id])
    return made


async def _add(tx: Transaction, recording: Recording, made: Annotation, text: str) -> bool:
    if made.rectification is not None:
        await annotations.finish_rectification(tx, made.rectification)
    facts = {"recording": str(made.recording), "annotation": str(made.id), "kind": made.kind}
    recorded = await record(tx, LOG, "recording.annotated", facts=facts, details={"text": text, "author": made.author})
    if not await annotations.add_annotation(tx, made, recorded):
        return False
    subjects = tuple(each.subject for each in recording.parties if each.subject is not None)
    place = Place(kind="key", id=str(made.key))
    await announce(tx, CopyRegistered(holding=recording.id, kind="recording", places=(place,), subjects=subjects))
    return True
