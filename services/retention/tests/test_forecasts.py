"""What is foreseen is exactly what is then erased: tonight, under a policy that is thought of, and day by day (R11)."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from recital_errors import Malformed, NotFound
from recital_events import PurposeRetired
from recital_retention.actions import forecasting
from recital_retention.actions.holds import Wanted, place_hold
from recital_retention.model import HoldScope
from recital_retention.store import reports

TENANT = UUID(int=0xA)


async def foreseen(room: Any, **policy: Any) -> tuple[Any, set[UUID]]:
    """The forecast, and all that it lists, a small page at a time."""
    policy = {"purpose": None, "kind": None, "retention": None} | policy
    found: set[UUID] = set()
    async with room.database.transaction(TENANT) as tx:
        thought = await forecasting.thought_of(tx, **policy)
        counted = await forecasting.forecast(tx, thought)
        after = None
        while page := await forecasting.page(tx, thought, after=after, most=3):
            found |= {each.id for each in page}
            after = page[-1].id
    return counted, found


def erased(counted: Any) -> int:
    return int(sum(each.holdings for each in counted.counted if not each.kept_by))


async def everything(room: Any) -> Any:
    """Recordings of several people and ages, some held or asked about, a call without a recording, a request's file."""
    people = [room.fresh() for _ in range(3)]
    now = room.now

    async def recorded(who: UUID, days: int, **more: Any) -> Any:
        party = {"party": "customer", "subject": who, "kind": "customer"}
        return await room.recording(
            await room.call(who, room.agent), parties=[party], call_ended_at=now - timedelta(days=days), **more
        )

    room.people = people
    made = [await recorded(people[0], days) for days in (5, 100, 178, 184)]
    made += [await recorded(people[1], days) for days in (20, 90, 185)]
    held = await recorded(people[2], 184)
    scope = HoldScope(recordings=(held.recording,))
    await place_hold(room.means, TENANT, Wanted("claim", "matter", date(2999, 1, 1), scope, "counsel"), None)
    await room.request(people[1])
    await room.call(people[2])
    return made


async def look_at_all_until(room: Any, until: Any) -> None:
    await room.later(f"{(until - room.now).total_seconds() - 1} seconds")
    await room.settle()


async def test_what_is_foreseen_for_tonight_is_what_goes(room: Any) -> None:
    await everything(room)
    counted, listed = await foreseen(room)
    await look_at_all_until(room, counted.until)
    assert await room.ordered() == listed
    assert erased(counted) == len(listed) >= 2
    kept = {each.kept_by for each in counted.counted if each.kept_by}
    assert kept == {("held",), ("request_open",)}
    assert counted.clocks_moved == 0


async def test_what_is_foreseen_under_a_shorter_policy_is_what_goes_once_it_is_published(room: Any) -> None:
    await everything(room)
    nothing, _ = await foreseen(room)
    counted, listed = await foreseen(room, purpose="contract", retention="P3M")
    assert len(listed) > erased(nothing)
    assert counted.clocks_moved > 0
    assert {each.because for each in counted.counted if not each.kept_by} >= {"retention_shortened"}
    assert await room.ordered() == set()
    await room.publish(room.contract, "contract", "P3M", version=2)
    await look_at_all_until(room, counted.until)
    assert await room.ordered() == listed
    assert erased(counted) == len(listed)


async def test_a_longer_policy_moves_nothing(room: Any) -> None:
    await everything(room)
    assert (await foreseen(room, purpose="contract", retention="P10Y"))[1] == (await foreseen(room))[1]


async def test_a_shorter_time_for_call_records_is_foreseen(room: Any) -> None:
    call = await room.call(room.fresh())
    await room.later("5 days")
    counted, listed = await foreseen(room, kind="call", retention="P4D")
    assert call in listed
    assert erased(counted) == len(listed) == 2  # the record, and the identity that nothing else needs


async def test_how_many_would_need_a_second_person_is_told(room: Any) -> None:
    await everything(room)
    counted, _ = await foreseen(room, purpose="contract", retention="P1D")
    assert counted.most == 1000
    assert counted.moved >= 3


@pytest.mark.parametrize("retention", ["P0D", "-P1M", "P101Y", "1 month", "P1.5M", "PT9999999999H"])
async def test_a_policy_that_cannot_be_is_refused(room: Any, retention: str) -> None:
    with pytest.raises(Malformed, match="duration_"):
        await foreseen(room, purpose="contract", retention=retention)


async def test_a_purpose_that_is_not_there_is_said_to_be_unknown(room: Any) -> None:
    with pytest.raises(NotFound, match="purpose_unknown"):
        await foreseen(room, purpose="nothing", retention="P1M")


async def test_the_schedule_tells_what_is_due_on_each_day_by_kind_and_purpose(room: Any) -> None:
    recording = await room.recording(call_ended_at=room.now)
    call = await room.call(room.fresh())
    async with room.database.transaction(TENANT) as tx:
        today = tx.now.date()
        found = await forecasting.due_by_day(tx, today, today + timedelta(days=300))
        with pytest.raises(Malformed, match="period_malformed"):
            await forecasting.due_by_day(tx, today, today - timedelta(days=1))
        with pytest.raises(Malformed, match="period_malformed"):
            await forecasting.due_by_day(tx, today, today + timedelta(days=401))
    shown = [(each.kind, each.purpose, each.clocks, each.holdings) for each in found]
    assert sorted(shown, key=str) == sorted(
        [("recording", "quality", 1, 0), ("recording", "contract", 1, 1), ("call", None, 0, 1), ("call", None, 0, 1)],
        key=str,
    )
    assert len({each.day for each in found}) == 2
    assert (recording.call, call) != (call, recording.call)


async def test_a_purpose_that_is_retired_while_clocks_run_keeps_them(room: Any) -> None:
    recording = await room.recording()
    retired = room.made(PurposeRetired, purpose=room.contract, key="contract", retired_at=room.now)
    await room.hear(retired)
    waiting = await room.heard(room.made(PurposeRetired, purpose=room.fresh(), key="other", retired_at=room.now))
    assert waiting is not None
    async with room.database.transaction(TENANT) as tx:
        lines = {each.key: each for each in await reports.register_lines(tx)}
    assert lines["contract"].retired_at is not None
    assert lines["contract"].recordings == 1
    await room.later("5 months")
    await room.settle()
    assert await room.state(recording.recording) == "retained"
    await room.later("1 month 1 day")
    await room.settle()
    assert await room.state(recording.recording) == "erased"
