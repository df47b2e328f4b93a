"""A database older than the control ledger learns again what it forgot before anything is served (R14, R15)."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from recital_errors import Conflict, PermanentError
from recital_retention.actions import control, expiring
from recital_retention.actions.holds import Wanted, place_hold, release_hold
from recital_retention.model import HoldScope
from recital_retention.schedule import carry_orders_through

TENANT = UUID(int=0xA)


async def older(room: Any, room_of: Any) -> Any:
    """A room on a database without anything, as after a restore from before the tenant was opened."""
    again = await room_of()
    await again.open_tenant()
    return again


async def test_an_erasure_that_the_database_forgot_is_ordered_again_under_the_same_order(
    room: Any, room_of: Any
) -> None:
    recording = await room.recording()
    await room.revoke(recording)
    await room.settle()
    entries = await room.means.vault.control.read_after(0)

    again = await older(room, room_of)
    await again.hear(*await told(again, recording))
    assert await again.state(recording.recording) == "retained"
    await control.apply_what_is_ahead(again.means)
    assert await again.state(recording.recording) == "ordering"
    with pytest.raises(Conflict, match="deletion_began"):
        await place_hold(again.means, TENANT, wanted(recording.recording), None)
    await again.settle()
    orders = {each["holding"]: each["order"] for each in await again.events("erasure.ordered")}
    assert orders == {each["holding"]: each["order"] for _, entry in entries for each in entry["orders"]}
    assert await again.state(recording.recording) == "erased"


async def test_what_the_database_never_knew_becomes_a_skeleton(room: Any, room_of: Any) -> None:
    recording = await room.recording()
    await room.revoke(recording)
    await room.settle()
    again = await older(room, room_of)
    await control.apply_what_is_ahead(again.means)
    await again.settle()
    assert await again.state(recording.recording) == "erased"


async def test_new_numbers_follow_those_in_the_ledger(room: Any, room_of: Any) -> None:
    await room.revoke(await room.recording())
    await room.settle()
    head = await room.means.vault.control.head()
    again = await older(room, room_of)
    await control.apply_what_is_ahead(again.means)
    await again.revoke(await again.recording())
    await expiring.look(again.means, TENANT)
    [entry] = await again.rows("select min(sequence) as first from control_queue where written_at is null")
    assert entry.first == head + 1


async def test_applying_twice_changes_nothing(room: Any, room_of: Any) -> None:
    await room.revoke(await room.recording())
    await room.settle()
    again = await older(room, room_of)
    await control.apply_what_is_ahead(again.means)
    await again.rows("select 1")
    await again.settle()
    before = await again.events("erasure.ordered")
    await control.apply_what_is_ahead(again.means)
    await again.settle()
    assert await again.events("erasure.ordered") == before


async def test_a_hold_that_the_database_forgot_keeps_again_and_one_that_was_released_does_not(
    room: Any, room_of: Any
) -> None:
    held, freed = await room.recording(), await room.recording()
    await place_hold(room.means, TENANT, wanted(held.recording), None)
    released = await place_hold(room.means, TENANT, wanted(freed.recording), None)
    await release_hold(room.means, TENANT, released.id, by="counsel", because="settled")

    again = await older(room, room_of)
    await again.hear(*await told(again, held), *await told(again, freed))
    await control.apply_what_is_ahead(again.means)
    await again.later("6 months 1 day")
    await again.settle()
    assert await again.state(held.recording) == "due"
    assert await again.state(freed.recording) == "erased"
    assert "hold_restored" in await again.alarms()


async def test_a_database_that_is_not_behind_is_left_alone(room: Any) -> None:
    await room.revoke(await room.recording())
    await room.settle()
    before = await room.rows("select id, state from orders order by 1")
    await control.apply_what_is_ahead(room.means)
    assert await room.rows("select id, state from orders order by 1") == before


async def test_a_number_that_is_taken_by_another_entry_stops_the_writing(room: Any, room_of: Any) -> None:
    """The gate was not passed: nothing is written over, nothing is ordered."""
    await room.revoke(await room.recording())
    await room.settle()
    again = await older(room, room_of)
    await again.revoke(await again.recording())
    await expiring.look(again.means, TENANT)
    with pytest.raises(Conflict, match="control_sequence_taken"):
        await carry_orders_through(again.means)
    assert await again.events("erasure.ordered") == []


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "erasures", "tenant": "nobody", "orders": []},
        {"kind": "erasures", "tenant": str(TENANT), "orders": []},
        {"kind": "something", "tenant": str(TENANT)},
        {},
    ],
)
async def test_an_entry_that_is_not_understood_is_not_passed_over(room: Any, entry: dict[str, Any]) -> None:
    await room.means.vault.control.append(1, entry)
    with pytest.raises(PermanentError, match="control_entry_unknown"):
        await control.apply_what_is_ahead(room.means)


async def told(again: Any, recording: Any) -> list[Any]:
    """What the restored database is told again of a recording."""
    registered = again.registered().model_copy(update={"call": recording.call})
    return [registered, again.call_ended(recording.call, recording.call_ended_at), recording]


def wanted(*recordings: UUID) -> Wanted:
    return Wanted("claim", "matter 7", date(2999, 1, 1), HoldScope(recordings=recordings), "counsel")
