"""Clearing away what was never committed: keys first, then objects and open multipart uploads, then the intent.

An upload that fails clears up after itself at once; what a dead process left is found by its intent row's lease. Keys
that no row names at all are swept up by their age.
"""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from recital_database import who_goes_on
from recital_errors import Unavailable

from recital_ingest.actions.means import Means
from recital_ingest.actions.refusing import tell_refused
from recital_ingest.model.upload import Intent, object_key
from recital_ingest.store import endings, recordings, reference, texts, uploads

# How long one replica may take to clear one upload before another may try.
TAKEN_FOR = timedelta(minutes=5)
AT_ONCE = 16
# Keys are made before the row that names them; after so long that row is there or never will be.
STRAY_AFTER = timedelta(hours=1)


async def discard(means: Means, intent: Intent, *, refused: str | None = None) -> None:
    """Clear an upload away that will not be committed. What cannot be cleared now is left to the collector.

    `refused` is the code of a refusal that its sender is given: whoever follows the call is told too, once.

    Safe when the outcome of its commit is unknown: a committed upload has a recording and no intent row.
    """
    with suppress(Unavailable):
        async with means.database.transaction(intent.tenant) as tx:
            taken = await uploads.take_over(tx, intent.id, epoch=intent.epoch, lease=TAKEN_FOR)
            stored = await recordings.owners_among(tx, [intent.id])
            if taken is not None and refused is not None:
                await tell_refused(tx, refused, permit=intent.permit, call=intent.call, upload=intent.id)
        if taken is not None:
            await _clear(means, taken)
        elif not stored:
            # The collector was here first, and may have been before our last bytes landed.
            await _destroy(means, intent)


async def collect(means: Means) -> bool:
    """Clear away uploads whose lease ran out; true when there may be more. Waits while time is doubtful."""
    async with means.database.work() as tx:
        going = await who_goes_on(means.database, tx)
        overdue = await uploads.overdue_uploads(tx, AT_ONCE, only=going.only)
    for each in overdue:
        async with means.database.transaction(each.tenant) as tx:
            taken = await uploads.take_over(tx, each.id, epoch=None, lease=TAKEN_FOR)
        if taken is not None:
            await _clear(means, taken)
    return len(overdue) == AT_ONCE


class KeySweep:
    """Destroys keys of an hour's age whose owner is no recording, upload or part of ours.

    They unlock nothing: their process died between making them and naming them. Each run goes on where the last ended.
    """

    def __init__(self, means: Means) -> None:
        """Nothing has been looked through yet."""
        self._means = means
        self._after: dict[UUID, UUID] = {}

    async def run(self) -> bool:
        """Look through what has come of age since the last run; never has more to do at once."""
        async with self._means.database.work() as tx:
            going = await who_goes_on(self._means.database, tx)
            tenants = await reference.tenants(tx)
        for tenant in tenants:
            if tenant in going:
                await self._sweep(tenant)
        return False

    async def _sweep(self, tenant: UUID) -> None:
        keys = self._means.vault.keys
        while listed := await keys.listed(tenant, older_than=STRAY_AFTER, after=self._after.get(tenant)):
            owners = list({each.owner for each in listed})
            async with self._means.database.transaction(tenant) as tx:
                known = await uploads.uploads_among(tx, owners)
                known |= await recordings.owners_among(tx, owners) | await endings.parts_among(tx, owners)
                named = await texts.keys_among(tx, [each.id for each in listed if each.owner == tenant])
                known |= await endings.attempts_among(tx, owners)
            strays = [each.id for each in listed if each.owner not in known and each.id not in named]
            if strays:
                await keys.destroy(tenant, strays)
            self._after[tenant] = listed[-1].id


async def _clear(means: Means, taken: Intent) -> None:
    await _destroy(means, taken)
    async with means.database.transaction(taken.tenant) as tx:
        await uploads.forget_upload(tx, taken)


async def _destroy(means: Means, intent: Intent) -> None:
    # No byte goes out before the keys are named.
    if not intent.keys:
        return
    await means.vault.keys.destroy(intent.tenant, intent.keys)
    for each in intent.objects:
        # Without an upload id all open uploads are listed: its process may have died before it could name one.
        await means.vault.objects.erase(object_key(each), intent.multiparts.get(str(each)))
