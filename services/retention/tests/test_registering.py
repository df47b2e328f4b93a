"""What comes into the register and when it ends, whatever the order in which events arrive (R11, R15)."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from recital_errors import PermanentError
from recital_events import PartyLink, PurposeSpans, PurposeVersion, RequestReceived
from recital_retention.decisions.clocks import due_at
from recital_retention.model import CalendarDuration
from recital_retention.schedule import look_at_due
from recital_retention.store import schedule
from recital_retention.store.clocks import DUE_AT
from recital_testing import eventually

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TENANT = UUID(int=0xA)


async def due_of(room: Any, holding: UUID) -> datetime | None:
    rows = await room.rows("select due_at from schedule where id = :id", id=holding)
    return rows[0].due_at if rows else None


async def clock_of(room: Any, recording: UUID, key: str) -> datetime:
    [row] = await room.rows("select due_at from clocks where id = :id and key = :key", id=recording, key=key)
    due: datetime = row.due_at
    return due


def months_after(start: datetime, months: int) -> datetime:
    return due_at(start, CalendarDuration(months, 0, 0), AMSTERDAM)


async def test_a_call_never_recorded_goes_a_month_after_the_later_of_registration_and_end(room: Any) -> None:
    call = await room.call(ended=False)
    registered = room.now
    first = await due_of(room, call)
    assert first is not None
    assert abs(first - months_after(registered, 1)) < timedelta(seconds=5)
    await room.later("3 days")
    await room.hear(room.call_ended(call, room.now))
    assert await due_of(room, call) == months_after(room.last_end, 1)
    await room.later("1 month 1 hour")
    await room.settle()
    assert await room.state(call) == "erased"
    assert {await room.state(room.customer), await room.state(room.agent)} == {"erased"}


async def test_a_clock_starts_at_the_calls_end_and_never_at_the_upload(room: Any) -> None:
    call = await room.call()
    ended = room.now
    await room.later("20 days")
    recording = await room.recording(call, call_ended_at=ended)
    assert await clock_of(room, recording.recording, "contract") == months_after(ended, 6)


async def test_a_recording_that_came_after_its_time_goes_at_once(room: Any) -> None:
    call = await room.call()
    ended = room.now
    await room.later("20 days")
    recording = await room.recording(call, call_ended_at=ended - timedelta(days=400))
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_a_recording_waits_for_its_tenant_its_call_and_its_purposes(room: Any) -> None:
    unknown_call = room.stored(room.fresh())
    assert (await room.heard(unknown_call)).fact == f"call:{unknown_call.call}"
    assert (await room.heard(unknown_call, room.other_tenant)).fact == f"tenant:{room.other_tenant}"
    newer = (PurposeVersion(purpose=room.contract, key="contract", version=2),)
    early = room.stored(await room.call(), purposes=newer, spans=())
    assert (await room.heard(early)).fact == f"purpose:{room.contract}:2"
    await room.publish(room.contract, "contract", "P1Y", version=2)
    await room.hear(early)
    assert await clock_of(room, early.recording, "contract") == months_after(early.call_ended_at, 12)


async def test_events_that_come_before_what_they_name_wait(room: Any) -> None:
    request = room.fresh()
    assert (await room.heard(room.copied("package", ends_with=request))).fact == f"request:{request}"
    assert (await room.heard(room.copied("recording"))).fact.startswith("recording:")
    assert (await room.heard(room.call_ended(request, room.now))).fact == f"call:{request}"
    assert (await room.heard(room.request_closed(request))).fact == f"request:{request}"
    assert (await room.heard(room.collection_ordered(request))).fact == f"request:{request}"
    for event in (room.copied("package"), room.registered(), room.made(RequestReceived), room.published()):
        assert (await room.heard(event, room.other_tenant)).fact == f"tenant:{room.other_tenant}"
    assert (await room.heard(room.collection_ordered(request), room.other_tenant)).fact.startswith("tenant:")


async def test_a_recording_told_twice_is_registered_once(room: Any) -> None:
    recording = await room.recording()
    await room.hear(recording)
    assert len(await room.rows("select id from clocks")) == 2


async def test_a_purpose_that_covers_nothing_has_no_clock(room: Any) -> None:
    only = (PurposeSpans(purposes=("quality",), spans=((0, 100),)),)
    recording = await room.recording(spans=only)
    assert [row.key for row in await room.rows("select key from clocks")] == ["quality"]
    await room.later("1 month 1 hour")
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_a_recording_under_no_purpose_may_not_exist(room: Any) -> None:
    recording = await room.recording(purposes=(), spans=())
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_a_shorter_retention_reaches_what_exists_and_a_longer_one_does_not(room: Any) -> None:
    recording = await room.recording()
    ended = recording.call_ended_at
    await room.publish(room.contract, "contract", "P1Y", version=2)
    assert await clock_of(room, recording.recording, "contract") == months_after(ended, 6)
    await room.publish(room.contract, "contract", "P2M", version=3)
    assert await clock_of(room, recording.recording, "contract") == months_after(ended, 2)
    late = await room.recording()
    assert await clock_of(room, late.recording, "contract") == months_after(late.call_ended_at, 2)
    await room.later("2 months 1 hour")
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_a_shortened_clock_brings_the_next_look_forward(room: Any) -> None:
    recording = await room.recording()
    await room.publish(room.quality, "quality", "P1D", version=2)
    await room.later("1 day 2 hours")
    await room.settle()
    assert [each["key"] for each in await room.events("clock.expired")] == ["quality"]
    assert await due_of(room, recording.recording) == months_after(recording.call_ended_at, 6)


@pytest.mark.parametrize("retention", ["PT", "P0D", "P999Y"])
async def test_a_retention_that_is_none_is_a_dead_letter(room: Any, retention: str) -> None:
    with pytest.raises(PermanentError, match="duration_"):
        await room.publish(room.contract, "contract", retention, version=2)


async def test_a_time_zone_that_is_none_is_a_dead_letter(room: Any) -> None:
    with pytest.raises(PermanentError, match="time_zone_unknown"):
        await room.heard(room.tenant_opened(room.other_tenant, "Europe/Nowhere"), room.other_tenant)


async def test_the_database_counts_a_duration_as_the_decision_does(room: Any) -> None:
    starts = [
        datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
        datetime(2028, 2, 29, 23, 30, tzinfo=UTC),
        datetime(2026, 3, 28, 1, 30, tzinfo=UTC),
        datetime(2026, 9, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 24, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 24, 1, 30, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ]
    durations = [
        CalendarDuration(months, days, seconds)
        for months in (0, 1, 6, 13)
        for days in (0, 1, 30)
        for seconds in (0, 3_600, 86_401)
    ]
    zones = ["Europe/Amsterdam", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]
    for duration in durations:
        for zone in zones:
            rows = await room.rows(
                f"select {DUE_AT} as due from unnest(cast(:starts as timestamptz[])) with ordinality"
                " as s (started_at, place) order by place",
                starts=starts,
                zone=zone,
                months=duration.months,
                days=duration.days,
                seconds=duration.seconds,
            )
            expected = [due_at(start, duration, ZoneInfo(zone)) for start in starts]
            assert [row.due for row in rows] == expected, (duration, zone)


async def test_a_call_marked_private_goes_at_once_with_what_was_recorded_of_it(room: Any) -> None:
    recording = await room.recording()
    await room.revoke(recording)
    await room.hear(room.call_ended(recording.call, room.now, private=True))
    await room.settle()
    assert await room.state(recording.call) == "erased"
    assert await room.state(recording.recording) == "erased"
    grounds = {each["holding"]: each["ground"] for each in await room.events("erasure.ordered")}
    assert grounds[str(recording.call)] == "private_call"
    assert grounds[str(recording.recording)] == "permit_revoked"


async def test_who_no_longer_took_part_in_a_call_is_not_needed_for_it(room: Any) -> None:
    call = await room.call()
    await room.hear(room.call_ended(call, room.now, subjects=(room.customer,)))
    await room.settle()
    assert await room.state(room.agent) == "erased"
    assert await room.state(room.customer) == "retained"
    assert await room.state(call) == "retained"


async def test_a_call_told_as_ended_again_after_its_order_changes_nothing(room: Any) -> None:
    call = await room.call(private=True)
    await room.settle(answer=False)
    await room.hear(room.call_ended(call, room.now))
    assert await room.state(call) == "shredding"


async def test_a_call_ended_again_after_its_recording_keeps_ending_with_it(room: Any) -> None:
    recording = await room.recording()
    await room.hear(room.call_ended(recording.call, room.now))
    assert await due_of(room, recording.call) is None
    await room.later("2 months")
    await room.settle()
    assert await room.state(recording.call) == "retained"


async def test_a_call_waits_for_the_last_of_its_recordings(room: Any) -> None:
    one = await room.recording()
    other = await room.recording(one.call)
    await room.revoke(one)
    await room.settle()
    assert await room.state(one.recording) == "erased"
    assert await room.state(one.call) == "retained"
    await room.revoke(other)
    await room.settle()
    assert await room.state(one.call) == "erased"


async def test_a_member_of_staff_announced_by_consent_outlives_every_call(room: Any) -> None:
    await room.copy("identity", holding=room.agent)
    await room.recording()
    await room.later("6 months 1 day")
    await room.settle()
    assert await room.state(room.customer) == "erased"
    assert await room.state(room.agent) == "retained"


async def test_someone_met_in_a_call_who_is_made_a_member_of_staff_outlives_it_too(room: Any) -> None:
    await room.recording()
    await room.copy("identity", holding=room.agent)
    await room.later("6 months 1 day")
    await room.settle()
    assert await room.state(room.agent) == "retained"


async def test_the_identity_of_a_member_of_staff_who_left_goes_with_the_last_holding_that_needs_it(room: Any) -> None:
    await room.copy("identity", holding=room.agent)
    recording = await room.recording()
    await room.later("1 month")
    await room.copy("identity", holding=room.agent, ends_at=room.now)
    await room.settle()
    assert await room.state(room.agent) == "retained"
    await room.later("5 months 1 day")
    await room.settle()
    assert await room.state(recording.recording) == "erased"
    assert await room.state(room.agent) == "erased"


async def test_a_member_of_staff_who_never_spoke_and_leaves_on_a_day_to_come_goes_on_that_day(room: Any) -> None:
    await room.copy("identity", holding=room.agent)
    await room.copy("identity", holding=room.agent, ends_at=room.now + timedelta(days=10))
    await room.close(await room.request(room.agent))
    await room.settle()
    assert await room.state(room.agent) == "retained"
    await room.later("10 days 1 minute")
    await room.settle()
    assert await room.state(room.agent) == "erased"


async def test_a_member_of_staff_who_comes_back_before_leaving_stays(room: Any) -> None:
    await room.copy("identity", holding=room.agent, ends_at=room.now + timedelta(days=10))
    await room.copy("identity", holding=room.agent)
    await room.later("1 year")
    await room.settle()
    assert await room.state(room.agent) == "retained"


async def test_an_identity_still_needed_elsewhere_stays(room: Any) -> None:
    await room.recording()
    await room.later("3 months")
    other = await room.recording(parties=(PartyLink(party="agent", subject=room.agent, kind="staff"),))
    await room.later("3 months 1 day")
    await room.settle()
    assert await room.state(other.recording) == "retained"
    assert await room.state(room.agent) == "retained"


async def test_a_permit_revoked_before_its_recording_came_ends_it_on_arrival(room: Any) -> None:
    early = room.stored(await room.call())
    await room.hear(room.revoked(early))
    await room.hear(early)
    await room.settle()
    assert await room.state(early.recording) == "erased"


async def test_a_permit_that_leaves_one_purpose_ends_the_other_at_once(room: Any) -> None:
    recording = await room.recording()
    await room.revoke(recording, PurposeSpans(purposes=("contract",), spans=((0, 60_000),)))
    await room.settle()
    assert [each["key"] for each in await room.events("clock.expired")] == ["quality"]
    assert await room.state(recording.recording) == "retained"
    assert "trim_waits" not in await room.alarms()


async def test_a_permit_that_takes_moments_away_restricts_until_they_are_cut_out(room: Any) -> None:
    recording = await room.recording()
    await room.revoke(recording, PurposeSpans(purposes=("contract", "quality"), spans=((0, 30_000),)))
    restricted = "select trim is not null as it_is from holdings where id = :id"
    assert (await room.rows(restricted, id=recording.recording))[0].it_is
    await room.settle()
    assert await room.state(recording.recording) == "retained"
    assert not (await room.rows(restricted, id=recording.recording))[0].it_is


async def test_a_permit_revoked_after_the_order_changes_nothing(room: Any) -> None:
    recording = await room.recording()
    await room.revoke(recording)
    await room.settle(answer=False)
    await room.revoke(recording, PurposeSpans(purposes=("contract",), spans=((0, 10),)))
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_an_identity_newly_needed_while_it_is_being_destroyed_is_alarmed(room: Any) -> None:
    await room.call(private=True)
    await room.settle()
    await room.call()
    assert "identity_needed_late" in await room.alarms()


async def somebody_waits(room: Any) -> bool:
    return bool((await room.rows("select exists (select from pg_locks where not granted) as waits"))[0].waits)


async def test_a_look_that_was_asked_for_while_another_is_taken_is_not_lost(room: Any) -> None:
    # The last thing that needed an identity goes at the moment at which somebody finds that it is still needed.
    call = await room.call(room.customer)
    async with room.database.transaction(TENANT) as tx:
        await schedule.put_now(tx, [room.customer])
    async with room.database.transaction(TENANT) as going:
        await going.execute("update schedule set due_at = :now where id = :id", {"now": going.now, "id": room.customer})
        looking = asyncio.create_task(look_at_due(room.means))
        await eventually(partial(somebody_waits, room))
        gone = "update holdings set state = 'erased', ordered_at = :now, erased_at = :now where id = :id"
        await going.execute(gone, {"id": call, "now": going.now})
        await going.execute("delete from holding_subjects where id = :id", {"id": call})
    await looking
    assert await room.state(room.customer) == "ordering"


async def test_another_tenants_holdings_are_not_there(room: Any) -> None:
    await room.recording()
    assert await room.rows("select id from holdings", room.other_tenant) == []
