"""Windows and the limit on what moved, on the real database: what waits, for whom, and that the rest goes (R11)."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from recital_errors import Conflict, Forbidden, NotFound, PermanentError
from recital_events import TenantChanged
from recital_retention.actions import approving, expiring, pacing, reporting
from recital_retention.schedule import look_at_due
from recital_retention.store import pace
from recital_testing.campaigns import write_section

TENANT = UUID(int=0xA)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
BULK = """
    with made as (insert into holdings (tenant_id, id, kind, registered_at, ended_at, spans)
        select :tenant, uuidv7(cast(:at as timestamptz) - now() + n * interval '1 millisecond'), 'recording', :at,
            :at, '[{"purposes": ["contract"], "spans": [[0, 1000]]}]'
        from generate_series(1, :number) n returning id),
    ticking as (insert into clocks (tenant_id, id, purpose_id, key, version, started_at, due_at)
        select :tenant, id, :purpose, 'contract', 1, :at, cast(:at as timestamptz) + :keep from made)
    insert into schedule (tenant_id, id, due_at) select :tenant, id, cast(:at as timestamptz) + :keep from made
"""


async def stored(room: Any, number: int, at: datetime, keep: timedelta = timedelta(days=30)) -> None:
    """Many recordings at once, as `recording.stored` leaves them."""
    values = {"number": number, "at": at, "keep": keep, "purpose": room.contract, "tenant": TENANT}
    await room.rows("select 1")
    async with room.database.transaction(TENANT) as tx:
        await tx.execute(BULK, values)


async def run(room: Any) -> None:
    while await expiring.look(room.means, TENANT):
        pass


async def states(room: Any) -> dict[str, int]:
    rows = await room.rows("select state, count(*) as n from holdings where kind = 'recording' group by state")
    return {row.state: row.n for row in rows}


async def parts(room: Any) -> list[Any]:
    async with room.database.transaction(TENANT) as tx:
        return list(await approving.list_parts(tx, after=None, most=10, closed=True))


async def changed(room: Any, **more: Any) -> None:
    facts = {"tenant": TENANT, "time_zone": "Europe/Amsterdam", "changed_at": room.now}
    await room.hear(room.made(TenantChanged, **facts | more))


def small(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(pacing, "most_moved", lambda _living: most)


async def test_ordinary_expiry_never_waits_however_much_it_is(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch, 3)
    await stored(room, 50, room.now - timedelta(days=30))
    await run(room)
    assert await states(room) == {"ordering": 50}
    assert await parts(room) == []


async def test_what_a_shorter_policy_moved_waits_for_a_second_person_and_the_rest_goes(
    room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, 3)
    await stored(room, 20, room.now - timedelta(days=20))
    await room.publish(room.contract, "contract", "P10D", version=2)
    await stored(room, 6, room.now - timedelta(days=31))
    await run(room)
    assert await states(room) == {"ordering": 6, "retained": 20}
    [part] = await parts(room)
    assert (part.waiting, part.most) == (20, 3)
    assert "erasures_wait" in await room.alarms()
    # Nothing of it goes by itself while it counts as moved; what came to its end goes on.
    await stored(room, 2, room.now - timedelta(days=31))
    await run(room)
    assert await states(room) == {"ordering": 8, "retained": 20}


async def test_as_many_as_the_limit_go_and_the_one_too_many_lets_the_rest_of_the_run_wait(
    room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, 3)
    for _ in range(3):
        await room.revoke(await room.recording())
    await run(room)
    assert await states(room) == {"ordering": 3}
    await room.revoke(await room.recording())
    await run(room)
    assert await states(room) == {"ordering": 3, "retained": 1}
    await room.later("25 hours")
    other = await room.recording()
    await room.revoke(other)
    await run(room)
    assert await room.state(other.recording) == "ordering"


async def test_a_part_goes_when_another_officer_approves_what_one_proposed(
    room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, 3)
    await stored(room, 5, room.now - timedelta(days=20))
    await room.publish(room.contract, "contract", "P10D", version=2)
    await run(room)
    [part] = await parts(room)
    async with room.database.transaction(TENANT) as tx:
        with pytest.raises(Conflict, match="not_proposed"):
            await approving.approve(tx, part.id, by="one", because="looked at")
        await approving.propose(tx, part.id, by="one", because="the policy is meant")
        with pytest.raises(Conflict, match="proposed_before"):
            await approving.propose(tx, part.id, by="two", because="me too")
        with pytest.raises(Forbidden, match="second_person_needed"):
            await approving.approve(tx, part.id, by="one", because="me again")
    # What is found after it was proposed is not in it.
    await stored(room, 4, room.now - timedelta(days=31))
    soon = "update holdings set watched_until = recital_now() + interval '1 day' where waits_for is null returning id"
    await room.rows(soon)
    await run(room)
    async with room.database.transaction(TENANT) as tx:
        shown = await approving.approve(tx, part.id, by="two", because="seen the list")
        assert (shown.approved_by, shown.proposed_by) == ("two", "one")
        with pytest.raises(Conflict, match="nothing_waits"):
            await approving.approve(tx, part.id, by="two", because="again")
        with pytest.raises(NotFound):
            await approving.approve(tx, room.fresh(), by="two", because="which")
    await run(room)
    assert (await states(room))["ordering"] == 5
    rows = await room.rows("select kind from ledger_entries where kind like 'erasures_%' order by id")
    assert [row.kind for row in rows] == ["erasures_proposed", "erasures_approved"]


async def test_what_nobody_approves_goes_when_it_counts_as_moved_no_more(
    room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, 3)
    await stored(room, 5, room.now - timedelta(days=20))
    await room.publish(room.contract, "contract", "P10D", version=2)
    await run(room)
    assert await states(room) == {"retained": 5}
    await room.later("7 days 1 minute")
    await run(room)
    assert await states(room) == {"ordering": 5}
    await approving.close_empty(room.means, TENANT)
    [part] = await parts(room)
    assert part.closed_at is not None
    assert part.approved_at is None


async def test_what_is_due_under_a_policy_hardly_in_force_is_counted(
    room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, 3)
    await room.publish(room.fresh(), "brief", "PT1H")
    [row] = await room.rows("select id from purposes where key = 'brief'")
    purposes = [{"purpose": row.id, "key": "brief", "version": 1}]
    spans = [{"purposes": ["brief"], "spans": [(0, 1000)]}]
    for _ in range(4):
        await room.recording(purposes=purposes, spans=spans)
    await room.later("2 hours")
    await run(room)
    assert await states(room) == {"retained": 4}
    await room.later("72 hours")
    await run(room)
    assert await states(room) == {"ordering": 4}


async def test_a_held_recording_does_not_count(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch, 1)
    kept, gone = await room.recording(), await room.recording()
    await room.request(room.customer)
    await room.revoke(kept)
    await run(room)
    await room.rows("update withholdings set lifted_at = recital_now() returning id")
    await room.revoke(gone)
    await run(room)
    assert (await room.state(kept.recording), await room.state(gone.recording)) == ("due", "ordering")


async def test_expiry_waits_for_the_tenants_window_and_a_clock_ends_at_its_time(room: Any) -> None:
    recording, revoked = await room.recording(), await room.recording()
    wall = (room.now + timedelta(days=200)).astimezone(AMSTERDAM)
    starts = (wall + timedelta(hours=2)).replace(minute=0)
    window = {
        "weekdays": [],
        "starts_at": f"{starts:%H:%M}",
        "ends_at": f"{starts + timedelta(hours=3):%H:%M}",
    }
    await changed(room, erasure_window=window)
    await room.later("200 days")
    await room.revoke(revoked)
    await room.settle()
    assert await room.state(recording.recording) == "retained"
    assert await room.state(revoked.recording) == "erased"
    assert len(await room.events("clock.expired")) == 4
    await room.later("3 hours")
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_what_was_put_off_to_a_window_is_looked_at_when_there_is_none_any_more(room: Any) -> None:
    recording = await room.recording()
    wall = (room.now + timedelta(days=200)).astimezone(AMSTERDAM)
    hours = [f"{wall + timedelta(hours=ahead):%H:00}" for ahead in (3, 4)]
    await changed(room, erasure_window={"weekdays": [], "starts_at": hours[0], "ends_at": hours[1]})
    await room.later("200 days")
    await room.settle()
    assert await room.state(recording.recording) == "retained"
    await changed(room)
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_a_tenant_may_keep_call_records_shorter_and_that_reaches_what_exists_but_longer_does_not(
    room: Any,
) -> None:
    call = await room.call()
    await changed(room, call_record_retention="P1Y")
    later = await room.call()
    await changed(room, call_record_retention="P3D")
    await changed(room, call_record_retention="P1Y")
    await room.later("4 days")
    await room.settle()
    assert (await room.state(call), await room.state(later)) == ("erased", "erased")


async def test_settings_that_cannot_be_are_dead_letters(room: Any) -> None:
    for wrong in ({"time_zone": "Mars/Olympus"}, {"call_record_retention": "P0D"}, {"package_retention": "P999Y"}):
        with pytest.raises(PermanentError):
            await changed(room, **wrong)


async def test_progress_counts_what_was_done_and_what_is_left(room: Any) -> None:
    await stored(room, 5, room.now - timedelta(days=31))
    await room.settle(answer=False)
    async with room.database.transaction(TENANT) as tx:
        goes = await reporting.progress(tx)
    assert (goes.progress.ordered, goes.progress.done, goes.progress.open_orders, goes.progress.due) == (5, 0, 5, 0)
    assert goes.expected_end is None
    await room.settle()
    async with room.database.transaction(TENANT) as tx:
        goes = await reporting.progress(tx)
    assert (goes.progress.done, goes.progress.open_orders) == (5, 0)
    assert goes.per_second > 0
    assert goes.expected_end is not None


async def sixty_nights(room: Any, recordings: int) -> None:
    """A tenant with P30D that keeps so many recordings, for sixty nights: as many come each day as go."""
    a_night = recordings // 30
    start = room.now
    for night in range(30):
        await stored(room, a_night, start - timedelta(days=30 - night, hours=-6))
    for night in range(60):
        await room.later("1 day")
        await stored(room, a_night, start + timedelta(days=night, hours=6))
        while await look_at_due(room.means):
            pass
    assert await parts(room) == []
    assert await states(room) == {"retained": a_night * 30, "ordering": a_night * 60}


async def test_sixty_nights_of_ordinary_expiry_need_nobody(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch, 5)
    await sixty_nights(room, 600)


@pytest.mark.campaign
async def test_sixty_nights_of_a_hundred_thousand_recordings_need_nobody(room: Any) -> None:
    await sixty_nights(room, 100_000)
    [row] = await room.rows("select sum(ordered) as ordered, max(ordered) as most, count(*) as runs from runs")
    write_section(
        "Sixty nights",
        [
            "A tenant with P30D keeps 100,000 recordings; each night as many come as go.",
            "",
            "| nights | recordings ordered to be erased | most in one night | approvals asked for |",
            "|---:|---:|---:|---:|",
            f"| 60 | {row.ordered} | {row.most} | 0 |",
        ],
    )


async def test_a_run_is_counted_by_the_local_day_on_which_it_began(room: Any) -> None:
    await stored(room, 2, room.now - timedelta(days=31))
    await run(room)
    [row] = await room.rows("select * from runs")
    assert (row.ordered, row.watched) == (2, 0)
    assert row.id == room.now.astimezone(AMSTERDAM).date()
    assert isinstance(row.id, date)
    async with room.database.transaction(TENANT) as tx:
        assert (await pace.pace_of(tx)).window is None
