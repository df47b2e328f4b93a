"""Parts of recordings that must go while the rest stays: found under the row locks, deferred or ordered, taken up."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from recital_database import NotYet, Transaction, alarm
from recital_errors import PermanentError
from recital_events import RecordingTrimmed

from recital_retention.decisions.revocations import purposes_of
from recital_retention.decisions.trimming import cut_of
from recital_retention.model import Clock, Ground, OrderState, PlaceProof, Standing
from recital_retention.store import clocks, holdings, orders, places, schedule, trims
from recital_retention.store.trims import NewTrim


async def find_cuts(
    tx: Transaction, standings: Sequence[Standing], running: Mapping[UUID, Sequence[Clock]]
) -> list[NewTrim]:
    """Return which recordings lose a part now; what something keeps is deferred, and alarmed where it must go by law.

    Only recordings of which a clock still runs can lose a part: the others go whole.
    """
    standing_of = {each.holding: each for each in standings if each.kind == "recording" and running.get(each.holding)}
    if not standing_of:
        return []
    found: list[NewTrim] = []
    deferred = []
    for each in await trims.recorded(tx, list(standing_of)):
        standing = standing_of[each.recording]
        keys = {clock.key for clock in running[each.recording]}
        cut = cut_of(standing, each.spans, each.may_be_kept, keys)
        if cut is None:
            continue
        if not cut.deferred:
            found.append((standing, cut.ground, cut.kept))
            continue
        deferred.append(each.recording)
        if cut.ground is Ground.PERMIT_REVOKED and not each.deferred:
            await alarm(
                tx,
                "trim_waits",
                about=each.recording,
                detail="Parts of this recording may no longer be kept, but something keeps it; it is restricted.",
            )
    await trims.defer(tx, deferred)
    return found


async def take_trim(tx: Transaction, event: RecordingTrimmed) -> NotYet | None:
    """Take up what a recording is after a cut: its places and spans, and the end of clocks of what was taken away.

    Raises PermanentError where the order is another holding's, or nothing proves that the old places are empty.
    """
    await holdings.lock(tx, [event.recording])
    order = await orders.find_order(tx, event.order)
    if order is None or order.state is OrderState.ORDERING:
        return NotYet(f"order:{event.order}")
    if order.holding != event.recording or not order.trims:
        raise PermanentError("order_of_another", "This order is not about a part of this recording.")
    if order.state is not OrderState.SHREDDING:
        return None
    if not event.proofs:
        raise PermanentError("trim_unproved", "Nothing proves that what was cut out is gone.")
    gone = [PlaceProof(each.place.kind, each.place.id, each.method, each.absent_at) for each in event.proofs]
    lies = [(each.kind, each.id) for each in event.places]
    await places.add_places(tx, event.recording, [*((each.kind, each.id) for each in gone), *lies])
    await places.prove_all(tx, {event.recording: gone})
    await orders.verify(tx, [event.order])
    await trims.trimmed(tx, event)
    await clocks.end_others(tx, event.recording, purposes_of(event.spans))
    await schedule.put_now(tx, [event.recording])
    return None
