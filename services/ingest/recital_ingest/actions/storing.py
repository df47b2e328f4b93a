"""The commit of an upload: recording, ledger entry and event in one transaction, under the lock of its permit's row.

The entry commits to the hashes of what was received and of what was kept: what is given as evidence later can be held
against it (R21).
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from recital_database import Gathered, Json, Recorded, Transaction, Writing, announce, new_id, record
from recital_errors import Unavailable
from recital_events import CopyRegistered, PartyLink, Place, PurposeSpans, PurposeVersion, RecordingStored

from recital_ingest.actions.means import LOG, Means
from recital_ingest.actions.sealing import Kept, taken_over
from recital_ingest.decisions.admission import BURIED, REVOKED, SUSPENDED, is_buried, same_bytes
from recital_ingest.model.permit import Permit
from recital_ingest.model.recording import Recording, State, party_mark
from recital_ingest.model.refusal import Refusal
from recital_ingest.model.spans import apart
from recital_ingest.model.upload import object_key
from recital_ingest.store import beside, keys, permits, recordings, resumables, uploads


async def store(means: Means, permit: Permit, kept: Kept, *, key: str | None, resumed: UUID | None = None) -> Recording:
    """Commit an upload; return its recording, or the one that has the same bytes of the same call.

    `resumed` is the upload in pieces that it is: with this commit, and not before, its last byte is acknowledged.
    Raises Forbidden where the permit was revoked or used for other audio meanwhile, Gone where the call's audio was
    erased, Unavailable where the upload was given up or the outcome of the commit is not known.
    """
    async with means.database.transaction(kept.intent.tenant) as tx:
        stored = await _known_already(tx, permit, kept)
        if stored is None:
            if not await uploads.close_upload(tx, kept.intent):
                raise taken_over()
            stored = await (repair(tx, kept) if kept.intent.repairs else _add(tx, permit, kept))
        await permits.use_permit(tx, permit.id, stored.id)
        await keys.keep_key(tx, key, permit.id, recording=stored.id)
        if resumed is not None:
            await resumables.become(tx, await new_id(tx), resumed, stored.id)
        return stored


async def _known_already(tx: Transaction, permit: Permit, kept: Kept) -> Recording | None:
    state = await permits.permit_state(tx, permit.id, lock=True)
    if state.revoked:
        raise REVOKED.error()
    if state.suspended:
        raise SUSPENDED.error()
    marks = frozenset(party_mark(permit.call, party.party) for party in permit.parties)
    if is_buried(marks, await permits.tombstones_of(tx, permit.call)):
        raise BURIED.error()
    if state.used is not None:
        verdict = same_bytes(state.used, kept.received.digests)
        if isinstance(verdict, Refusal):
            raise verdict.error()
        earlier = verdict.recording
    else:
        sha256 = kept.received.digests.sha256 or b""
        earlier = await recordings.claim_bytes(tx, kept.intent.id, call=permit.call, sha256=sha256)
    if earlier == kept.intent.id:
        return None
    found = await recordings.recording(tx, earlier)
    if not isinstance(found, Recording):
        raise BURIED.error()
    return found


async def _add(tx: Transaction, permit: Permit, kept: Kept) -> Recording:
    writes = Gathered(tx)
    [recorded] = writes.record(LOG, [_leaf(permit, kept)], [await new_id(tx)])
    recording = _recording(tx, permit, kept, recorded)
    recordings.add_recording(writes, recording, salt=recorded.salt)
    beside.read_back_first(tx, writes, recording.id)
    writes.announce([_stored(recording)])
    await writes.write()
    return recording


async def repair(tx: Transaction, kept: Kept) -> Recording:
    """Put audio that was sent again in the place of what was found damaged, under the same id.

    Raises Gone where the recording was trimmed meanwhile: what went must not come back.
    """
    found = await recordings.recording(tx, kept.intent.id)
    keep = kept.received.placement.clipped(kept.received.frames_received)
    if not isinstance(found, Recording) or found.keep != keep:
        raise BURIED.error()
    container = kept.received.container.value if kept.received.container else None
    if not await recordings.put_in_place(
        tx, found.id, kept.tracks, keep=keep, original=kept.original, container=container
    ):
        raise BURIED.error()
    old = (*(track.object for track in found.tracks),), found.keys
    await recordings.note_replaced(tx, found.id, ((*found.replaced[0], *old[0]), (*found.replaced[1], *old[1])))
    await uploads.leave_behind(tx, await new_id(tx), kept.intent, objects=old[0], keys=old[1])
    await beside.read_back_soon(tx, found.id)
    facts = {"recording": str(found.id), "call": str(found.call), "permit": str(found.permit)}
    await record(tx, LOG, "recording.repaired", facts=facts)
    repaired = await recordings.recording(tx, found.id)
    if not isinstance(repaired, Recording):
        raise BURIED.error()
    subjects = tuple(each.subject for each in repaired.parties if each.subject is not None)
    await announce(
        tx, CopyRegistered(holding=repaired.id, kind="recording", places=places(repaired), subjects=subjects)
    )
    return repaired


def _leaf(permit: Permit, kept: Kept) -> Writing:
    """The leaf commits to the received and the kept bytes, the permit and the timeline's version."""
    facts: Mapping[str, Json] = {
        "recording": str(kept.intent.id),
        "call": str(permit.call),
        "permit": str(permit.id),
    }
    details: dict[str, Json] = {
        "received_sha256": (kept.received.digests.sha256 or b"").hex(),
        "received_sha512": (kept.received.digests.sha512 or b"").hex(),
        "tracks": [{"sha256": each.sha256.hex(), "sealed_sha256": each.sealed_sha256.hex()} for each in kept.tracks],
        "timeline_version": permit.timeline_version,
    }
    if kept.received.parts:
        details |= {"received_parts": [{"size": p.size, "sha256": p.sha256.hex()} for p in kept.received.parts]}
    return Writing("recording.stored", facts, details)


def _recording(tx: Transaction, permit: Permit, kept: Kept, recorded: Recorded) -> Recording:
    received = kept.received
    if permit.ended_at is None or received.digests.sha256 is None or received.digests.sha512 is None:
        raise Unavailable("upload_incomplete")
    return Recording(
        id=kept.intent.id,
        call=permit.call,
        permit=permit.id,
        state=State.STORED,
        stored_at=tx.now,
        answered_at=permit.answered_at,
        call_ended_at=permit.ended_at,
        received_size=received.size,
        received_sha256=received.digests.sha256,
        received_sha512=received.digests.sha512,
        sound=received.sound,
        frames=received.frames,
        frames_received=received.frames_received,
        keep=received.placement.clipped(received.frames_received),
        stretches=permit.stretches,
        growth_ms=received.placement.growth_ms,
        spans=received.placement.spans,
        purposes=permit.purposes,
        parties=permit.parties,
        tracks=kept.tracks,
        original=kept.original,
        container=received.container,
        timeline_version=permit.timeline_version,
        ledger_entry=recorded.entry,
        parts=received.parts,
    )


def _stored(recording: Recording) -> RecordingStored:
    return RecordingStored(**told_of(recording), places=places(recording), stored_at=recording.stored_at)


def told_of(recording: Recording) -> dict[str, Any]:
    """Return what every event about a whole recording tells of it, beside its places and the moment."""
    return {
        "recording": recording.id,
        "permit": recording.permit,
        "call": recording.call,
        "parties": tuple(PartyLink(party=p.party, subject=p.subject, kind=p.kind) for p in recording.parties),
        "spans": tuple(PurposeSpans(purposes=tuple(names), spans=spans) for names, spans in apart(recording.spans)),
        "purposes": tuple(PurposeVersion(**asdict(each)) for each in recording.purposes),
        "answered_at": recording.answered_at,
        "call_ended_at": recording.call_ended_at,
        "received_sha256": recording.received_sha256.hex(),
    }


def places(recording: Recording) -> tuple[Place, ...]:
    """Return everywhere a recording lies: objects, keys, rows."""
    return (
        *(Place(kind="object", id=object_key(track.object)) for track in recording.tracks),
        *(Place(kind="key", id=str(key)) for key in recording.keys),
        Place(kind="rows", id=str(recording.id)),
    )
