"""Corrections (AVG art. 16) beside calls and identities: what was registered is never edited (R17).

dsar decides them; the text is fetched from there, since no event carries it, and sealed. It goes with its holding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from recital_database import Transaction, announce, record
from recital_errors import NotFound, RecitalError
from recital_events import CopyRegistered, Place, RectificationDecided
from recital_runtime import correction_text

from recital_consent.actions.means import LOG, Means
from recital_consent.model.calls import CallRecord
from recital_consent.model.holdings import Due, Rectification, RectificationDue
from recital_consent.store import calls, rectifications, subjects, tenants

CONTEXT = b"rectification"
"""The context in which texts are sealed."""
CALL, IDENTITY = "call", "identity"
RECTIFICATIONS = "rectifications"
"""What a transaction touches that has a text to fetch."""
AT_ONCE = 16
TAKEN_FOR = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction as it is read."""

    id: UUID
    holding: UUID
    text: str
    made_at: datetime


async def take_rectification(tx: Transaction, event: RectificationDecided) -> None:
    """Note that a correction must stand beside a call or an identity of ours."""
    if event.kind in (CALL, IDENTITY):
        await rectifications.note_rectification(tx, event)
        tx.touched.add(RECTIFICATIONS)


async def rectify_due(means: Means) -> bool:
    """Fetch the texts of corrections and write them; true when there may be more."""
    async with means.database.work() as tx:
        due = await rectifications.due_rectifications(tx, AT_ONCE)
    for each in due:
        await _rectify(means, each)
    return len(due) == AT_ONCE


async def read_rectifications(means: Means, tx: Transaction, holdings: Sequence[UUID]) -> list[Corrected]:
    """Return what stands beside holdings; what has lost its key is being erased and is left out."""
    found = await rectifications.rectifications_of(tx, holdings)
    keys = await means.vault.keys.several(tx.tenant, [each.key for each in found]) if found else {}
    return [
        Corrected(
            each.id,
            each.holding,
            (await means.vault.open_small(tx.tenant, each.key, each.sealed, CONTEXT)).decode(),
            each.made_at,
        )
        for each in found
        if each.key in keys
    ]


async def _rectify(means: Means, due: Due) -> None:
    async with means.database.transaction(due.tenant) as tx:
        taken = await rectifications.take_rectification(tx, due.id, again_after=TAKEN_FOR)
    if taken is None:
        return
    text = await correction_text(means.neighbours, due.id)
    if text is None:
        async with means.database.transaction(due.tenant) as tx:
            await rectifications.finish_rectification(tx, due.id)
    elif taken.kind == CALL:
        await _beside_call(means, due.tenant, taken, text)
    else:
        await _beside_identity(means, due.tenant, taken, text)


async def _beside_call(means: Means, tenant: UUID, taken: RectificationDue, text: str) -> None:
    """Commit the key, seal, and commit the text with its ledger entry; a key of no use goes at once."""
    async with means.database.transaction(tenant) as tx:
        known, _ = await tenants.own_tenant(tx)
    key = await means.vault.keys.new_key(tenant, taken.holding, known.tenant_key)
    sealed = await means.vault.seal_small(tenant, key.id, text.encode(), CONTEXT)
    try:
        async with means.database.transaction(tenant) as tx:
            # Locked, so that an order to erase comes before (and nothing is written) or after (and takes the key too).
            call = (await calls.read_calls(tx, [taken.holding], locked=True)).get(taken.holding)
            stands = call is not None and call.erasing_at is None and await _keep(tx, taken, text, (key.id, sealed))
            if call is not None and stands:
                await announce(tx, _copy(call, key.id))
            await rectifications.finish_rectification(tx, taken.id)
    except RecitalError:
        await means.vault.keys.destroy(tenant, [key.id])
        raise
    if not stands:
        await means.vault.keys.destroy(tenant, [key.id])


async def _beside_identity(means: Means, tenant: UUID, taken: RectificationDue, text: str) -> None:
    """Seal a text under its subject's key, with which it is destroyed."""
    async with means.database.transaction(tenant) as tx:
        await rectifications.finish_rectification(tx, taken.id)
        identity = (await subjects.sealed_identities(tx, [taken.holding], locked=True)).get(taken.holding)
        if identity is None:
            return
        try:
            sealed = await means.vault.seal_small(tenant, identity.key, text.encode(), CONTEXT)
        except NotFound:
            return  # its key is being destroyed: there is nothing left to correct
        await _keep(tx, taken, text, (identity.key, sealed))


async def _keep(tx: Transaction, taken: RectificationDue, text: str, sealed: tuple[UUID, bytes]) -> bool:
    if await rectifications.is_rectified(tx, taken.id):
        return False
    facts = {"rectification": str(taken.id), "holding": str(taken.holding), "kind": taken.kind}
    recorded = await record(tx, LOG, "holding.rectified", facts=facts, details={"text": text})
    made = Rectification(id=taken.id, holding=taken.holding, key=sealed[0], sealed=sealed[1], made_at=tx.now)
    await rectifications.add_rectification(tx, made, recorded)
    return True


def _copy(call: CallRecord, key: UUID) -> CopyRegistered:
    place = Place(kind="key", id=str(key))
    return CopyRegistered(holding=call.id, kind=CALL, places=(place,), subjects=tuple(sorted(call.subjects)))
