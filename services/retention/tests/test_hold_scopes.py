"""Holds by call, by person and period, on what is there and what is to come; who may end them (R14)."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from recital_errors import Conflict, Forbidden, Malformed, NotFound
from recital_retention.actions import expiring
from recital_retention.actions.holds import Wanted, alarm_reviews, place_hold, read_hold, release_hold
from recital_retention.model import HoldScope

TENANT = UUID(int=0xA)


async def hold(room: Any, *, matter: str = "matter 7", review_on: date = date(2999, 1, 1), **scope: Any) -> Any:
    return await place_hold(room.means, TENANT, Wanted("claim", matter, review_on, HoldScope(**scope), "counsel"), None)


async def release(room: Any, which: UUID, by: str = "counsel", *, for_another: bool = False) -> Any:
    return await release_hold(room.means, TENANT, which, by=by, because="settled", for_another=for_another)


async def read(room: Any, which: UUID) -> Any:
    async with room.database.transaction(TENANT) as tx:
        return await read_hold(tx, which)


async def kept(room: Any, *recordings: Any) -> list[bool]:
    return [await room.state(each.recording) == "due" for each in recordings]


async def told(room: Any, name: str) -> set[tuple[str, str, str]]:
    return {(each["hold"], each["holding"], each["kind"]) for each in await room.events(name)}


async def test_a_hold_by_call_keeps_its_recordings_and_those_to_come_where_asked(room: Any) -> None:
    call, other = await room.call(), await room.call()
    first, lone = await room.recording(call), await room.recording(other)
    placed = await hold(room, calls=(call,), future=True)
    without = await hold(room, calls=(other,), matter="matter 8")
    late, later = await room.recording(call), await room.recording(other)
    assert placed.recordings == [first.recording]
    assert (await read(room, placed.id)).recordings == sorted([first.recording, late.recording])
    await room.later("7 months")
    await room.settle()
    assert await kept(room, first, late, lone, later) == [True, True, True, False]
    await release(room, without.id)
    await release(room, placed.id)
    await room.settle()
    assert await kept(room, first, late, lone, later) == [False] * 4


async def test_a_hold_by_person_and_period_keeps_what_speaks_of_them_then(room: Any) -> None:
    theirs, others = room.fresh(), room.fresh()
    now = room.now
    period = {"period_from": now - timedelta(days=2), "period_until": now}

    async def recorded(who: UUID, ended: timedelta) -> Any:
        call = await room.call(who)
        party = {"party": "customer", "subject": who, "kind": "customer"}
        return await room.recording(call, parties=[party], call_ended_at=now - ended)

    early = await recorded(theirs, timedelta(days=3))
    inside = await recorded(theirs, timedelta(days=1))
    foreign = await recorded(others, timedelta(days=1))
    placed = await hold(room, subjects=(theirs,), future=True, **period)
    late = await recorded(theirs, timedelta(days=1))
    after = await recorded(theirs, timedelta())
    assert placed.recordings == [inside.recording]
    await room.later("7 months")
    await room.settle()
    assert await kept(room, inside, late, early, foreign, after) == [True, True, False, False, False]
    assert await room.state(theirs) != "erased"


async def test_each_holding_that_a_hold_keeps_is_told_placed_and_released(room: Any) -> None:
    call = await room.call()
    first = await room.recording(call)
    placed = await hold(room, calls=(call,), future=True)
    late = await room.recording(call)
    await release(room, placed.id)
    kinds = [(first.recording, "recording"), (late.recording, "recording"), (call, "call")]
    kinds += [(room.customer, "identity"), (room.agent, "identity")]
    expected = {(str(placed.id), str(id_), kind) for id_, kind in kinds}
    assert await told(room, "hold.placed") == await told(room, "hold.released") == expected
    assert len(await room.events("hold.placed")) == len(expected)


async def test_what_a_hold_by_call_comes_too_late_for_is_said_and_the_rest_is_held(room: Any) -> None:
    call = await room.call()
    gone, living = await room.recording(call), await room.recording(call)
    await room.revoke(gone)
    await expiring.look(room.means, TENANT)
    placed = await hold(room, calls=(call,))
    assert placed.recordings == [living.recording]
    [row] = await room.rows("select ordered_at from holdings where id = :id", id=gone.recording)
    assert placed.too_late == {gone.recording: row.ordered_at}


async def test_a_hold_on_nothing_is_refused_unless_recordings_are_to_come(room: Any) -> None:
    call = await room.call()
    with pytest.raises(Conflict, match="nothing_to_hold"):
        await hold(room, calls=(call,))
    await hold(room, calls=(call,), future=True)
    recording = await room.recording(call)
    await room.later("7 months")
    await room.settle()
    assert await kept(room, recording) == [True]


async def test_a_call_of_which_recordings_are_to_come_is_kept_with_its_record(room: Any) -> None:
    call = await room.call()
    placed = await hold(room, calls=(call,), future=True)
    await room.later("2 months")
    await room.settle()
    assert await room.state(call) == "due"
    await release(room, placed.id)
    await room.settle()
    assert await room.state(call) == "erased"


async def test_an_unknown_call_or_person_is_not_there(room: Any) -> None:
    call = await room.call()
    scopes: list[dict[str, Any]] = [{"calls": (room.fresh(),)}, {"subjects": (room.fresh(),)}, {"subjects": (call,)}]
    for scope in scopes:
        with pytest.raises(NotFound):
            await hold(room, **scope, future=True)


async def test_the_same_hold_twice_names_the_one_in_force_and_more_is_a_hold_of_its_own(room: Any) -> None:
    call = await room.call()
    recording, other = await room.recording(call), await room.recording()
    placed = await hold(room, recordings=(recording.recording,))
    with pytest.raises(Conflict, match="held_already") as refused:
        await hold(room, recordings=(recording.recording,))
    assert str(placed.id) in refused.value.detail
    await hold(room, recordings=tuple(sorted([recording.recording, other.recording])))
    await hold(room, calls=(call,), future=True)
    with pytest.raises(Conflict, match="held_already"):
        await hold(room, calls=(call,), future=True)
    await hold(room, recordings=(recording.recording,), matter="matter 8")
    assert len(await room.rows("select id from holds")) == 4


async def test_another_persons_hold_is_released_only_where_that_is_said(room: Any) -> None:
    recording = await room.recording()
    placed = await hold(room, recordings=(recording.recording,))
    with pytest.raises(Forbidden, match="hold_of_another"):
        await release(room, placed.id, by="colleague")
    released = await release(room, placed.id, by="colleague", for_another=True)
    assert (released.released_by, released.placed_by) == ("colleague", "counsel")
    with pytest.raises(Conflict, match="hold_released"):
        await release(room, placed.id, by="colleague")


async def test_a_review_date_that_passed_is_refused_and_one_that_comes_is_alarmed(room: Any) -> None:
    recording = await room.recording()
    yesterday = room.now.date() - timedelta(days=2)
    with pytest.raises(Malformed, match="review_date_past"):
        await hold(room, recordings=(recording.recording,), review_on=yesterday)
    await hold(room, recordings=(recording.recording,), review_on=room.now.date() + timedelta(days=2))
    await alarm_reviews(room.means, TENANT)
    assert "hold_review_due" not in await room.alarms()
    await room.later("3 days")
    await alarm_reviews(room.means, TENANT)
    assert "hold_review_due" in await room.alarms()


async def test_a_recording_that_is_stored_while_a_hold_on_its_call_is_placed_is_held(room: Any) -> None:
    calls = [await room.call() for _ in range(6)]
    recordings = [room.stored(call) for call in calls]
    await asyncio.gather(
        *(hold(room, calls=(call,), future=True, matter=f"matter {n}") for n, call in enumerate(calls)),
        *(room.hear(recording) for recording in recordings),
    )
    await room.later("7 months")
    await room.settle()
    assert await kept(room, *recordings) == [True] * 6
