"""Every call is explained: recorded, lawfully not recorded, or missing and alarmed; looked at when its time is over."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from recital_database import Gathered, Transaction, alarm, announce, record, who_goes_on
from recital_errors import NotFound
from recital_events import CallUnended, RecordingMissing

from recital_consent.actions.consequences import state_of
from recital_consent.actions.means import LOG, Means
from recital_consent.decisions.completeness import completeness_of
from recital_consent.decisions.permitting import retention_is_over
from recital_consent.decisions.verdict import Verdict
from recital_consent.model.calls import CallRecord
from recital_consent.model.completeness import Outcome, StoredSpans
from recital_consent.model.holdings import Due
from recital_consent.model.spans import instant_of
from recital_consent.model.tenants import Tenant, TenantSettings
from recital_consent.store import calls, permits, tenants, watching

WATCH = "watch"
"""What a transaction touches after which a call is to be looked at at once."""
AT_ONCE = 100
_OPEN = frozenset({Outcome.GOING_ON, Outcome.WAITING})


def with_completeness(
    call: CallRecord,
    verdict: Verdict,
    house: tuple[Tenant, TenantSettings],
    now: datetime,
    *,
    stored: Sequence[StoredSpans] = (),
    due: bool = False,
) -> CallRecord:
    """Return a call with what is to be said of its recording. `due`: only when its time is over is anything missing."""
    tenant, settings = house
    zone = ZoneInfo(tenant.draft.time_zone)
    over = [
        purpose.key
        for purpose in call.facts.purposes
        if verdict.starts_at is not None and retention_is_over(purpose, instant_of(verdict.starts_at), zone, now)
    ]
    found = completeness_of(verdict, stored, over=over, tolerance_ms=settings.missing_tolerance_ms, due=due)
    return replace(call, completeness=found)


def was_due(call: CallRecord) -> bool:
    """Whether a call was looked at already when its time was over, and something was wanting."""
    return call.missing_at is not None or (call.unended_at is not None and call.ended_at is None)


async def watch(tx: Transaction, several: Sequence[CallRecord], settings: TenantSettings) -> None:
    """Look at calls again when their time is over, those of which something is still to come."""
    due = {call.id: _look_at(call, settings) for call in several if call.completeness.outcome in _OPEN}
    await watching.put(tx, due)
    if any(at <= tx.now for at in due.values()):
        tx.touched.add(WATCH)


def watch_new(writes: Gathered, several: Sequence[CallRecord], settings: TenantSettings, now: datetime) -> bool:
    """Look, when their time is over, at calls that are only now registered; true where that is now."""
    due = {call.id: _look_at(call, settings) for call in several if call.completeness.outcome in _OPEN}
    watching.put_new(writes, due)
    return any(at <= now for at in due.values())


async def look_again(tx: Transaction, several: Iterable[CallRecord]) -> None:
    """Look at once at calls of which something was still to come: what was said outside them may have taken it away."""
    wanting = (Outcome.WAITING, Outcome.MISSING)
    again = {call.id: tx.now for call in several if call.completeness.outcome in wanting and call.erasing_at is None}
    await watching.put(tx, again)
    if again:
        tx.touched.add(WATCH)


async def settle(tx: Transaction, call_id: UUID, *, due: bool = False) -> None:
    """Judge again what is to be said of a call's recording, and tell what is missing once its time is over."""
    try:
        call = await calls.read_call(tx, call_id, locked=True)
    except NotFound:
        return
    if call.erasing_at is not None:
        await watching.drop(tx, call_id)
        return
    house = await tenants.own_tenant(tx)
    call, verdict = state_of(call, tx.now)
    is_due = was_due(call) or (due and _look_at(call, house[1]) <= tx.now)
    stored = await permits.stored_spans(tx, call_id)
    found = with_completeness(call, verdict, house, tx.now, stored=stored, due=is_due)
    await _tell(tx, found)
    await save(tx, found, house[1])


async def save(tx: Transaction, call: CallRecord, settings: TenantSettings) -> None:
    """Keep what is to be said of a call's recording, and when to look again."""
    found = call.completeness
    missing_at, unended_at = call.missing_at, call.unended_at
    if found.outcome is Outcome.MISSING:
        missing_at = missing_at or tx.now
    elif found.outcome is Outcome.UNENDED:
        unended_at = unended_at or tx.now
    else:
        missing_at = None
    await calls.change_call(
        tx,
        call.id,
        outcome=found.outcome.value,
        outcome_reasons=list(found.reasons),
        gaps=[list(each) for each in found.gaps] or None,
        missing_at=missing_at,
        unended_at=unended_at,
    )
    if found.outcome in _OPEN:
        await watch(tx, [call], settings)
    else:
        await watching.drop(tx, call.id)


async def look_at_due(means: Means) -> bool:
    """Look at the calls whose time is over; true when there may be more. Waits while time is doubtful."""
    async with means.database.work() as tx:
        going = await who_goes_on(means.database, tx)
        due = await watching.take_due(tx, AT_ONCE, only=going.only)
    for each in due:
        await _look(means, each)
    return len(due) == AT_ONCE


async def _look(means: Means, due: Due) -> None:
    async with means.database.transaction(due.tenant) as tx:
        await settle(tx, due.id, due=True)


async def _tell(tx: Transaction, call: CallRecord) -> None:
    """Tell once that a recording is missing, or that a call should have ended (which then counts as missing)."""
    outcome, facts = call.completeness.outcome, {"call": str(call.id)}
    if outcome is Outcome.UNENDED and call.unended_at is None:
        await alarm(tx, "call_unended", about=call.id, detail="A call has not ended within the tenant's limit.")
        await record(tx, LOG, "call.unended", facts=facts)
        await announce(tx, CallUnended(call=call.id, started_at=call.started_at, noticed_at=tx.now))
    elif outcome is Outcome.MISSING and call.missing_at is None:
        gaps = call.completeness.gaps
        wanting = sum(end - start for start, end in gaps)
        detail = f"{wanting} ms that could be kept did not come, in {len(gaps)} pieces."
        await alarm(tx, "recording_missing", about=call.id, detail=detail)
        await record(tx, LOG, "recording.missing", facts=facts, details={"gaps": [list(each) for each in gaps]})
        await announce(tx, RecordingMissing(call=call.id, gaps=gaps, found_at=tx.now))


def _look_at(call: CallRecord, settings: TenantSettings) -> datetime:
    """Return when a call must have ended, or its recording must have come."""
    if call.ended_at is None:
        return (call.started_at or call.registered_at) + timedelta(minutes=settings.unended_after_minutes)
    return max(call.ended_at, call.registered_at) + timedelta(minutes=settings.missing_after_minutes)
