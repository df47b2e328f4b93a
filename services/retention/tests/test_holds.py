"""Legal holds: in force and in the control ledger when answered, never past the point of no return (R14)."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from recital_errors import Conflict, NotFound, Unavailable
from recital_retention.actions import control, expiring
from recital_retention.actions.holds import Wanted, place_hold, release_hold
from recital_retention.model import HoldScope

TENANT = UUID(int=0xA)


def wanted(*recordings: UUID, reason: str = "claim", matter: str = "matter 7") -> Wanted:
    return Wanted(reason, matter, date(2999, 1, 1), HoldScope(recordings=tuple(sorted(recordings))), "counsel")


async def hold(room: Any, *recordings: UUID, key: str | None = None, matter: str = "matter 7") -> Any:
    return await place_hold(room.means, TENANT, wanted(*recordings, matter=matter), key)


async def release(room: Any, which: UUID) -> Any:
    return await release_hold(room.means, TENANT, which, by="counsel", because="settled")


async def test_what_is_held_is_kept_with_its_call_and_its_parties_until_the_hold_is_released(room: Any) -> None:
    recording = await room.recording()
    placed = await hold(room, recording.recording)
    await room.later("6 months 1 day")
    await room.settle()
    assert await room.ordered() == set()
    assert await room.state(recording.recording) == "due"
    await release(room, placed.id)
    await room.settle()
    for holding in (recording.recording, recording.call, room.customer, room.agent):
        assert await room.state(holding) == "erased"


async def test_one_of_two_holds_is_enough(room: Any) -> None:
    recording = await room.recording()
    one, other = await hold(room, recording.recording), await hold(room, recording.recording, matter="matter 8")
    await room.later("6 months 1 day")
    await release(room, one.id)
    await room.settle()
    assert await room.state(recording.recording) == "due"
    await release(room, other.id)
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_a_hold_outranks_a_revoked_permit_and_a_private_mark(room: Any) -> None:
    recording = await room.recording()
    placed = await hold(room, recording.recording)
    await room.revoke(recording)
    await room.hear(room.call_ended(recording.call, room.now, private=True))
    await room.settle()
    assert await room.state(recording.recording) == "due"
    assert await room.state(recording.call) == "due"
    await release(room, placed.id)
    await room.settle()
    assert await room.state(recording.call) == "erased"


async def test_a_hold_after_the_point_of_no_return_is_told_when_deletion_began_and_holds_nothing(room: Any) -> None:
    gone, living = await room.recording(), await room.recording()
    await room.revoke(gone)
    await expiring.look(room.means, TENANT)
    [row] = await room.rows("select ordered_at from holdings where id = :id", id=gone.recording)
    with pytest.raises(Conflict, match="deletion_began") as refused:
        await hold(room, gone.recording, living.recording)
    assert str(gone.recording) in refused.value.detail
    assert row.ordered_at.isoformat().replace("+00:00", "Z") in refused.value.detail
    assert await room.rows("select id from holds") == []


async def test_an_unknown_recording_and_what_is_none_answer_alike(room: Any) -> None:
    recording = await room.recording()
    for unknown in (room.fresh(), recording.call, room.customer):
        with pytest.raises(NotFound, match="not_found"):
            await hold(room, recording.recording, unknown)


async def test_a_hold_is_in_the_control_ledger_without_its_texts_when_it_is_answered(room: Any) -> None:
    recording = await room.recording()
    placed = await hold(room, recording.recording)
    [(_, entry)] = await room.means.vault.control.read_after(0)
    assert (entry["kind"], entry["hold"]) == ("hold_placed", str(placed.id))
    assert entry["recordings"] == [str(recording.recording)]
    assert "claim" not in str(entry)
    assert "matter" not in str(entry)
    await release(room, placed.id)
    assert [entry["kind"] for _, entry in await room.means.vault.control.read_after(0)] == [
        "hold_placed",
        "hold_released",
    ]


async def test_the_same_request_places_one_hold_and_another_with_its_key_is_refused(room: Any) -> None:
    recording = await room.recording()
    first = await hold(room, recording.recording, key="k1")
    assert await hold(room, recording.recording, key="k1") == first
    with pytest.raises(Conflict, match="idempotency_key_reused"):
        await place_hold(room.means, TENANT, wanted(recording.recording, reason="other"), "k1")
    assert len(await room.rows("select id from holds")) == 1


async def test_a_hold_released_twice_is_a_conflict_and_an_unknown_one_is_not_there(room: Any) -> None:
    recording = await room.recording()
    placed = await hold(room, recording.recording)
    await release(room, placed.id)
    with pytest.raises(Conflict, match="hold_released"):
        await release(room, placed.id)
    with pytest.raises(NotFound):
        await release(room, room.fresh())
    with pytest.raises(NotFound):
        await release_hold(room.means, room.other_tenant, placed.id, by="counsel", because="theirs")


async def test_a_hold_that_cannot_reach_the_control_ledger_is_in_force_and_says_so(room: Any, room_of: Any) -> None:
    recording = await room.recording()
    without = await room_of(database=room.settings.database("retention"), store="127.0.0.1:1")
    with pytest.raises(Unavailable, match="hold_not_in_ledger"):
        await hold(without, recording.recording, key="again")
    assert (await hold(room, recording.recording, key="again")).recordings == [recording.recording]
    await room.later("6 months 1 day")
    await room.settle()
    assert await room.state(recording.recording) == "due"


async def test_a_hold_and_the_schedule_take_turns_and_agree(room: Any) -> None:
    """Four holders against two schedules: what was answered with a hold is never ordered, the others know when."""
    recordings = [await room.recording() for _ in range(12)]
    for each in recordings:
        await room.revoke(each)
    answers: dict[UUID, bool] = {}

    async def ask(which: list[Any]) -> None:
        for each in which:
            try:
                await hold(room, each.recording)
            except Conflict:
                answers[each.recording] = False
            else:
                answers[each.recording] = True

    async def look() -> None:
        for _ in range(3):
            await expiring.look(room.means, TENANT)

    await asyncio.gather(*(ask(recordings[start::4]) for start in range(4)), look(), look())
    await room.settle()
    for each in recordings:
        expected = "due" if answers[each.recording] else "erased"
        assert await room.state(each.recording) == expected


async def test_several_schedules_share_the_work_and_order_everything_once(room: Any, room_of: Any) -> None:
    for _ in range(30):
        await room.revoke(await room.recording())
    other = await room_of(database=room.settings.database("retention"))
    await asyncio.gather(*(expiring.look(each.means, TENANT) for each in (room, other, room, other)))
    await asyncio.gather(control.write(room.means), control.write(other.means))
    await room.settle()
    orders = [each["holding"] for each in await room.events("erasure.ordered")]
    assert len(orders) == len(set(orders))
    assert len(await room.events("erasure.certified")) == len(orders)
    # Each of 30 recordings and calls, and the two who spoke in all of them.
    assert len(orders) == 62


async def test_a_look_back_at_review_is_kept_with_the_hold(room: Any) -> None:
    recording = await room.recording()
    placed = await hold(room, recording.recording)
    assert (placed.reason, placed.matter, placed.review_on) == ("claim", "matter 7", date(2999, 1, 1))
    assert placed.placed_at <= room.now + timedelta(seconds=1)
