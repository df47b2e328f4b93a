"""Refused audio is told: to whoever follows the call, and in the access ledger, in one transaction, once a reason.

A recorder that sends the same again and again under the same permit adds nothing after the first time.
"""

from collections.abc import Mapping
from uuid import UUID

from recital_database import Json, Transaction, announce, new_id, record
from recital_errors import Forbidden
from recital_events import RecordingRefused

from recital_ingest.actions.means import LOG, Means
from recital_ingest.model.permit import Permit
from recital_ingest.model.refusal import Refusal, refusal_told
from recital_ingest.store import permits


async def tell_refused(tx: Transaction, code: str, *, permit: UUID, call: UUID, upload: UUID | None = None) -> None:
    """Announce that audio under a permit was refused, and why; `upload` is the id it had, where it had begun."""
    if not await permits.refuse_once(tx, permit, call, code):
        return
    facts: Mapping[str, Json] = {"call": str(call), "permit": str(permit), "code": code}
    await record(tx, LOG, "recording.refused", facts=facts)
    upload = upload or await new_id(tx)
    await announce(tx, RecordingRefused(upload=upload, permit=permit, call=call, code=code, refused_at=tx.now))


async def tell_unadmitted(tx: Transaction, permit: Permit, refusal: Refusal) -> None:
    """Tell a refusal from before the first byte; one that will pass by itself is not told."""
    code = refusal_told(refusal.error())
    if code is not None:
        await tell_refused(tx, code, permit=permit.id, call=permit.call)


async def enter_unreadable(means: Means, tenant: UUID, refused: Forbidden) -> None:
    """Enter that a permit was refused that says nothing one could trust: no call, so there is nobody to tell."""
    async with means.database.transaction(tenant) as tx:
        await record(tx, LOG, "recording.refused", facts={"code": refused.code})
