"""Uploads in several requests: begun under a permit, found again on any replica, ended by their sender or the permit.

Nothing of one is kept in a process: its row says how far it has come, sealed objects hold what came. An abandoned one
is the collector's, by its intent row, like every other upload.
"""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from recital_database import Transaction, claim, new_id, remember
from recital_errors import Forbidden, Gone, Malformed, NotFound, TooLarge, Unavailable

from recital_ingest.actions.admitting import judge, permit_behind
from recital_ingest.actions.clearing import discard
from recital_ingest.actions.means import Means
from recital_ingest.actions.refusing import tell_unadmitted
from recital_ingest.actions.sealing import make_keys, taken_over
from recital_ingest.actions.tenant_keys import require_tenant_key
from recital_ingest.decisions.admission import PERMIT_USED, Asked, Digests, Proceed
from recital_ingest.decisions.resuming import kept_until
from recital_ingest.model.media import media_type_of, raw_reader
from recital_ingest.model.permit import Permit
from recital_ingest.model.refusal import Refusal
from recital_ingest.model.resumable import Resumable
from recital_ingest.model.upload import Intent
from recital_ingest.store import permits, resumables, uploads

ROUTE = "POST /v1/uploads"
PERMIT = b"resumable.permit"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a sender wants to send in several requests: under which permit, how many bytes, and what it calls them."""

    tenant: UUID
    permit: str | None
    length: int
    media: str
    key: str | None


async def begin(means: Means, wish: Wish) -> Resumable:
    """Begin an upload, with the checks of every other; the same Idempotency-Key gives the one that was begun.

    Raises Forbidden, Gone, TooMany, UnsupportedMedia, TooLarge, Conflict, Unavailable.
    """
    permit = await permit_behind(means, wish.permit, wish.tenant)
    if wish.length > means.limits.largest_upload:
        raise TooLarge("upload_too_large", "The audio is larger than what is taken here.")
    if wish.length == 0:
        raise Malformed("audio_truncated", "An empty file is no audio.")
    raw_reader(*media_type_of(wish.media))
    begun = await _intend(means, wish, permit)
    if isinstance(begun, Refusal):
        raise begun.error()
    if isinstance(begun, Resumable):
        return begun
    intent, tenant_key = begun
    try:
        return await _open(means, wish, intent, tenant_key)
    except BaseException:
        await asyncio.shield(discard(means, intent))
        raise


async def find(tx: Transaction, upload: UUID) -> Resumable:
    """Return an upload of this tenant. Raises NotFound, Gone where it was abandoned too long ago."""
    found = await resumables.resumable(tx, upload)
    if found is None:
        raise NotFound
    if found.kept_until <= tx.now:
        raise Gone("upload_expired", "This upload was not gone on with in time.")
    return found


async def give_up(means: Means, tenant: UUID, upload: UUID) -> None:
    """End an upload at its sender's wish; nothing of it is left. Raises NotFound, Gone, Forbidden where it is whole."""
    async with means.database.transaction(tenant) as tx:
        found = await find(tx, upload)
    if found.recording is not None:
        raise Forbidden("upload_finished", "All of it came, and it is a recording: only its own end erases that.")
    await discard(means, intent_of(tenant, found))


def intent_of(tenant: UUID, upload: Resumable) -> Intent:
    """Return what clears an upload away; its places are read from its row."""
    return Intent(upload.id, tenant, upload.permit, upload.call, epoch=1, objects=())


async def _intend(means: Means, wish: Wish, permit: Permit) -> Resumable | Refusal | tuple[Intent, UUID]:
    async with means.database.transaction(wish.tenant) as tx:
        same = permit.id.bytes + wish.length.to_bytes(8)
        earlier = await claim(tx, wish.key, route=ROUTE, fingerprint=same)
        found = await resumables.resumable(tx, earlier) if earlier else None
        if found is not None:
            return found
        media_type, _parameters = media_type_of(wish.media)
        admitted = await judge(tx, means, Asked(permit, media_type, Digests(), same_key_gave=None))
        match admitted.verdict:
            case Refusal() as refusal:
                return refusal
            case Proceed():
                pass
            case _:
                # Which bytes these are is known at the last one only.
                await tell_unadmitted(tx, permit, PERMIT_USED)
                return PERMIT_USED
        if admitted.tenant_key is None:
            raise Unavailable("tenant_unknown", "This tenant has just been opened.", retry_after=1)
        intent = Intent(await new_id(tx), tx.tenant, permit.id, permit.call, epoch=1, objects=())
        await uploads.open_upload(tx, intent, lease=means.limits.lease)
        await permits.note_permit(tx, permit.id, permit.call)
        await remember(tx, wish.key, result=intent.id)
        return intent, admitted.tenant_key


async def _open(means: Means, wish: Wish, intent: Intent, tenant_key: UUID) -> Resumable:
    """Make the upload's key, and seal the permit under it: it is needed again, also on another replica."""
    await require_tenant_key(means, wish.tenant, tenant_key)
    intent, [key] = await make_keys(means, intent, tenant_key, count=1)
    sealed = await means.vault.seal_small(wish.tenant, key.id, (wish.permit or "").encode(), PERMIT)
    async with means.database.transaction(wish.tenant) as tx:
        begun = Resumable(
            id=intent.id,
            permit=intent.permit,
            call=intent.call,
            length=wish.length,
            received=0,
            media=wish.media,
            sealed_permit=sealed,
            key=key.id,
            turn=0,
            pieces=(),
            silencing=None,
            opened_at=tx.now,
            kept_until=kept_until(tx.now, tx.now),
            recording=None,
        )
        if not await resumables.open_resumable(tx, begun):
            raise taken_over()
    return begun
