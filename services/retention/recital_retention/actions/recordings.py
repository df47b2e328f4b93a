"""Recordings as they are stored, and permits as they are revoked: which clocks run, and what must go at once (R11)."""

from collections.abc import Collection, Sequence
from uuid import UUID

from recital_database import NotYet, Transaction
from recital_events import (
    PermitReinstated,
    PermitRevoked,
    PermitSuspended,
    PurposeSpans,
    PurposeVersion,
    RecordingStored,
)

from recital_retention.actions.holds import hold_new
from recital_retention.actions.registering import meet
from recital_retention.decisions.clocks import clock_due_at, reference_end
from recital_retention.decisions.revocations import purposes_of, what_remains
from recital_retention.model import Ground
from recital_retention.store import asked, clocks, holdings, keeping, pace, persons, references, schedule, tenants
from recital_retention.store.clocks import NewClock
from recital_retention.store.holdings import Locked, NewHolding
from recital_retention.store.tenants import Tenant


async def store_recording(tx: Transaction, event: RecordingStored) -> NotYet | None:
    """Register a recording with its places and start a clock per purpose, from the call's end.

    Waits for the tenant, the call and every version of a purpose that it names.
    """
    tenant = await tenants.find_tenant(tx)
    if tenant is None:
        return NotYet(f"tenant:{tx.tenant}")
    # The permit first, then the call: the order in which a revocation takes them too.
    await keeping.lock_permit(tx, event.permit)
    call = await holdings.lock_one(tx, event.call)
    if call is None:
        return NotYet(f"call:{event.call}")
    started = await _clocks(tx, tenant, event)
    if isinstance(started, NotYet):
        return started
    subjects = {each.subject for each in event.parties if each.subject is not None}
    await meet(tx, subjects)
    recording = NewHolding(
        event.recording,
        "recording",
        event.stored_at,
        ended_at=event.call_ended_at,
        call=event.call,
        permit=event.permit,
        spans=event.spans,
        subjects=subjects,
        places=event.places,
    )
    if not await holdings.register(tx, recording):
        return None
    await hold_new(tx, event.recording, event.call, sorted(subjects), event.call_ended_at)
    await clocks.add_clocks(tx, event.recording, started)
    await pace.watch_young(tx, event.recording)
    await schedule.put(tx, {event.recording: min((each.due_at for each in started), default=tx.now)})
    if not call.state.beyond_return:
        await holdings.set_end(tx, event.call, due_at=None, ended_at=event.call_ended_at)
        await schedule.remove(tx, [event.call])
    remaining = await keeping.permit_leaves(tx, event.permit)
    if remaining is not None:
        await _narrow(tx, await holdings.lock(tx, [event.recording]), remaining)
    await _erase_for_persons(tx, event, subjects)
    return None


async def suspend_permit(tx: Transaction, event: PermitSuspended) -> None:
    """Restrict what is stored under a permit, or will be, while it is decided whether it stands."""
    await keeping.lock_permit(tx, event.permit)
    await keeping.suspend_permit(tx, event.permit, event.call, event.suspended_at)


async def reinstate_permit(tx: Transaction, event: PermitReinstated) -> None:
    """Let what is stored under a permit be used again as before."""
    await keeping.lock_permit(tx, event.permit)
    await keeping.suspend_permit(tx, event.permit, event.call, None)


async def revoke_permit(tx: Transaction, event: PermitRevoked) -> None:
    """Keep the permit's latest state, and end what it no longer covers in the recordings stored under it."""
    await keeping.lock_permit(tx, event.permit)
    await keeping.keep_permit(tx, event)
    stored = await holdings.lock(tx, await holdings.recordings_of_permit(tx, event.permit))
    await _narrow(tx, stored, event.recording_spans)


async def _clocks(tx: Transaction, tenant: Tenant, event: RecordingStored) -> list[NewClock] | NotYet:
    """A clock per purpose that covers anything. A recording that names no spans has one for every purpose."""
    covering = purposes_of(event.spans)
    counted: list[PurposeVersion] = [each for each in event.purposes if not covering or each.key in covering]
    known = await tenants.retentions(tx, [each.purpose for each in counted])
    ended = reference_end(await references.ends_of(tx, event.call))
    started = []
    for each in counted:
        versions = known.get(each.purpose, [])
        told = next((version for version in versions if version.version == each.version), None)
        if told is None:
            return NotYet(f"purpose:{each.purpose}:{each.version}")
        due = clock_due_at(event.call_ended_at, told, versions, tenant.zone, reference_ended_at=ended)
        started.append(NewClock(each.purpose, each.key, each.version, event.call_ended_at, due))
    return started


async def _erase_for_persons(tx: Transaction, event: RecordingStored, subjects: Collection[UUID]) -> None:
    """Let a recording of an earlier call that comes late fall under the erasures that stand for its parties (R14)."""
    upheld = await asked.upheld_for(tx, await persons.one_person(tx, subjects), event.call_ended_at)
    for each in upheld:
        await asked.ask_late(tx, event.recording, each)
    if upheld:
        await clocks.end_but_duties(tx, [event.recording])
        await schedule.put_now(tx, [event.recording])


async def _narrow(tx: Transaction, stored: Sequence[Locked], may_be_kept: Sequence[PurposeSpans]) -> None:
    for recording in stored:
        if recording.state.beyond_return:
            continue
        trim = what_remains(recording.spans, may_be_kept)
        if not trim.kept:
            await holdings.end_because(tx, [recording.id], Ground.PERMIT_REVOKED)
            await clocks.end_at_once(tx, [recording.id])
        else:
            await clocks.end_at_once(tx, [recording.id], trim.ended)
        if trim.kept and trim.takes_away:
            await holdings.note_trim(tx, recording.id, trim.kept)
        await schedule.put_now(tx, [recording.id])
