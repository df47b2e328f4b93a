"""An upload from its first check to its 201: intent, keys, bytes, verification, consent's word, commit, in that order.

Nothing is stored without an intent row that names the place first; nothing counts before the commit; and whatever
fails in between leaves nothing behind.
"""

import asyncio
import hashlib
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from recital_database import Transaction, new_ids
from recital_errors import Unavailable

from recital_ingest.actions.admitting import judge, permit_behind
from recital_ingest.actions.body import Body, pieces
from recital_ingest.actions.clearing import discard
from recital_ingest.actions.crashpoints import CrashPoint
from recital_ingest.actions.means import Means
from recital_ingest.actions.permits import confirm
from recital_ingest.actions.receiving import Coming, receive_body
from recital_ingest.actions.refusing import tell_unadmitted
from recital_ingest.actions.sealing import Kept
from recital_ingest.actions.storing import store
from recital_ingest.actions.tenant_keys import require_tenant_key
from recital_ingest.decisions.admission import (
    BURIED,
    Asked,
    Compare,
    Digests,
    Proceed,
    Repeat,
    same_bytes,
)
from recital_ingest.decisions.resuming import NEEDS_WAV
from recital_ingest.model.permit import Permit
from recital_ingest.model.raw import RawReader
from recital_ingest.model.recording import Recording
from recital_ingest.model.refusal import Refusal, refusal_told
from recital_ingest.model.resumable import Part
from recital_ingest.model.upload import Intent
from recital_ingest.store import keys, permits, recordings, uploads


@dataclass(frozen=True, slots=True)
class Resumed:
    """An upload in pieces: when it began, so that a permit that expired since still counts, and what it hashes to."""

    id: UUID
    opened_at: datetime
    digests: Digests
    """Of the file as it was received, where reading the pieces again does not tell."""
    parts: tuple[Part, ...]
    """What those digests are over, where they are not those of the whole file."""
    untouched: bool
    """Pieces were stored as they came: then nothing of the file may have to be silenced after all."""

    def named(self, kept: Kept) -> Kept:
        """Return what was kept, with the hashes of what was received. Raises Malformed `resumable_needs_wav`."""
        received = kept.received
        if self.untouched and received.placement.masks(received.frames_received):
            raise NEEDS_WAV.error()
        if not self.digests.stated:
            return kept
        return replace(kept, received=replace(received, digests=self.digests, parts=self.parts))


@dataclass(frozen=True, slots=True)
class Upload:
    """What a sender asks: under which permit, as what, and what it says of the body."""

    tenant: UUID
    permit: str | None
    media_type: str
    digests: Digests
    key: str | None
    body: Body
    raw: RawReader | None = None
    """Reads a body without a header of its own."""
    resumed: Resumed | None = None
    """The upload in pieces whose last byte has come, and which this is."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The recording an upload is; `created` where this upload made it."""

    recording: Recording
    created: bool


async def take_in(means: Means, upload: Upload) -> Taken:
    """Take one call's audio in under its permit, or answer what the same upload gave before.

    Raises Forbidden, Gone, TooMany, UnsupportedMedia, Malformed, TooLarge, Conflict; Unavailable where something
    needed does not answer. After any of these nothing of the upload is kept.
    """
    means.crash(CrashPoint.C0)
    permit = await permit_behind(means, upload.permit, upload.tenant)
    begun = await _begin(means, upload, permit)
    if isinstance(begun, Refusal):
        raise begun.error()
    if isinstance(begun, Recording):
        return Taken(begun, created=False)
    if isinstance(begun, Compare):
        return Taken(await _compare(means, upload, permit, begun), created=False)
    intent, tenant_key = begun
    means.crash(CrashPoint.C2)
    try:
        await require_tenant_key(means, upload.tenant, tenant_key)
        coming = Coming(upload.body, upload.digests, upload.raw)
        kept = await receive_body(means, permit, coming, intent, tenant_key)
        if upload.resumed is not None:
            kept = upload.resumed.named(kept)
        means.crash(CrashPoint.C4)
        await confirm(means, upload.permit or "", permit)
        resumed = upload.resumed.id if upload.resumed else None
        stored = await store(means, permit, kept, key=upload.key, resumed=resumed)
        means.crash(CrashPoint.C5)
    except BaseException as error:
        # Also when the sender has gone and this request is cancelled.
        await asyncio.shield(discard(means, intent, refused=refusal_told(error)))
        raise
    if stored.id != intent.id:
        # The same bytes of the same call were here before.
        await discard(means, intent)
    means.crash(CrashPoint.C6)
    return Taken(stored, created=stored.id == intent.id)


async def _begin(means: Means, upload: Upload, permit: Permit) -> Recording | Compare | Refusal | tuple[Intent, UUID]:
    """Make the checks in their order and, where the body is to be read, commit the intent of it."""
    async with means.database.transaction(upload.tenant) as tx:
        before = await keys.recording_of_key(tx, upload.key, permit.id)
        resumed = upload.resumed
        digests = resumed.digests if resumed else upload.digests
        asked = Asked(permit, upload.media_type, digests, same_key_gave=before)
        admitted = await judge(tx, means, asked, began=resumed.opened_at if resumed else None)
        verdict, tenant_key = admitted.verdict, admitted.tenant_key
        match verdict:
            case Refusal():
                # It was told in this transaction, which is to be committed.
                return verdict
            case Repeat(recording=recording):
                await keys.keep_key(tx, upload.key, permit.id, recording=recording)
                return await _kept(tx, recording)
            case Compare():
                return verdict
            case Proceed(repairs=repairs):
                means.crash(CrashPoint.C1)
                if tenant_key is None:
                    raise Unavailable("tenant_unknown", "This tenant has just been opened.", retry_after=1)
                return await _intend(tx, means, permit, repairs), tenant_key


async def _intend(tx: Transaction, means: Means, permit: Permit, repairs: UUID | None) -> Intent:
    recording, *objects = await new_ids(tx, 1 + len(permit.channels))
    if repairs is not None:
        if await uploads.uploads_among(tx, [repairs]):
            raise Unavailable("upload_under_way", "This recording is being sent again already.", retry_after=5)
        recording = repairs
    intent = Intent(
        recording,
        tx.tenant,
        permit.id,
        permit.call,
        epoch=1,
        objects=tuple(objects),
        repairs=repairs is not None,
    )
    await uploads.open_upload(tx, intent, lease=means.limits.lease)
    await permits.note_permit(tx, permit.id, permit.call)
    return intent


async def _compare(means: Means, upload: Upload, permit: Permit, compare: Compare) -> Recording:
    """Hash a body that is not kept, and answer whether it is what the permit was used for."""
    sha256, sha512 = hashlib.sha256(), hashlib.sha512()
    async with aclosing(pieces(upload.body, means.limits)) as body:
        async for piece in body:
            await asyncio.to_thread(sha256.update, piece)
            await asyncio.to_thread(sha512.update, piece)
    digests = Digests(sha256.digest(), sha512.digest())
    verdict = same_bytes(compare.used, digests)
    if isinstance(verdict, Refusal):
        async with means.database.transaction(upload.tenant) as tx:
            await tell_unadmitted(tx, permit, verdict)
        raise verdict.error()
    async with means.database.transaction(upload.tenant) as tx:
        await keys.keep_key(tx, upload.key, permit.id, recording=verdict.recording)
        return await _kept(tx, verdict.recording)


async def _kept(tx: Transaction, recording_id: UUID) -> Recording:
    found = await recordings.recording(tx, recording_id)
    if not isinstance(found, Recording):
        raise BURIED.error()
    return found
