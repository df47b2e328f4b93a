"""Many recordings erased together, on real servers: proved place by place, and one that is stuck holds up no other."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from recital_errors import PermanentError, Unavailable
from recital_ingest.actions import erasing
from recital_ingest.actions.erasing import erase_due, take_orders
from recital_ingest.model.sound import Encoding, Sound

TENANT = UUID(int=2)


@pytest.fixture
async def three(room: Any, wav: Callable[..., bytes], samples: Callable[..., bytes]) -> list[str]:
    sound = Sound(Encoding.MU_LAW, 2, 8_000)
    return [(await room.recorded(wav(sound, samples(sound, 80_000))))["id"] for _ in range(3)]


async def hear_together(room: Any, *orders: Any) -> None:
    async with room.database.transaction(TENANT) as tx:
        await take_orders(tx, orders)


async def due_again(room: Any) -> None:
    await room.rows("update erasures set due_at = recital_now() - interval '1 second'")


async def test_all_places_of_all_of_them_are_proved_in_the_order_in_which_they_were_told(
    room: Any, three: list[str]
) -> None:
    places = {each["recording"]: each["places"] for each in await room.events("recording.stored")}
    orders = [room.ordered(each) for each in three]
    tracks = await room.rows("select id, key_id from tracks")
    await hear_together(room, *orders, orders[0])
    assert [row.state for row in await room.rows("select state from recordings")] == ["erasing"] * 3
    assert not await erase_due(room.means)
    told = await room.events("holding.erased")
    assert {each["order"]: each["holding"] for each in told} == {str(each.order): str(each.holding) for each in orders}
    for each in told:
        assert [proof["place"] for proof in each["proofs"]] == places[each["holding"]]
    assert await room.vault.keys.absent(TENANT, [track.key_id for track in tracks])
    assert all([await room.vault.objects.absent(f"ingest/{track.id}") for track in tracks])
    assert (await room.ledger())[-3:] == ["recording.erased"] * 3
    assert await room.left() == (0, 3, 0, 0)
    assert len(await room.rows("select * from tombstones")) == 3
    await due_again(room)
    await erase_due(room.means)
    assert len(await room.events("holding.erased")) == 3


async def test_the_one_that_cannot_be_cleared_is_told_and_the_others_go(
    room: Any, three: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    [stuck_at, *_] = await room.rows(
        "select id from tracks where recording_id = cast(:id as uuid) order by track", id=three[1]
    )
    objects, place = room.vault.objects, f"ingest/{stuck_at.id}"
    erase, erase_all = objects.erase, objects.erase_all

    async def one(name: str) -> None:
        if name == place:
            raise Unavailable("out_of_order")
        await erase(name)

    async def several(names: list[str]) -> frozenset[str]:
        left: frozenset[str] = await erase_all([each for each in names if each != place])
        return left | ({place} & set(names))

    await hear_together(room, *(room.ordered(each) for each in three))
    with monkeypatch.context() as broken:
        broken.setattr(objects, "erase", one)
        broken.setattr(objects, "erase_all", several)
        await erase_due(room.means)
    [stuck] = await room.events("holding.stuck")
    assert (stuck["holding"], stuck["place"]["id"], stuck["cause"]) == (three[1], place, "out_of_order")
    assert {each["holding"] for each in await room.events("holding.erased")} == {three[0], three[2]}
    await due_again(room)
    await erase_due(room.means)
    assert {each["holding"] for each in await room.events("holding.erased")} == set(three)


async def test_while_the_store_is_away_every_one_is_told_and_none_is_called_erased(
    room: Any, three: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_args: object) -> None:
        raise Unavailable("object_store_unavailable")

    await hear_together(room, *(room.ordered(each) for each in three))
    with monkeypatch.context() as broken:
        broken.setattr(room.vault.objects, "erase", away)
        broken.setattr(room.vault.objects, "erase_all", away)
        await erase_due(room.means)
    assert {each["holding"] for each in await room.events("holding.stuck")} == set(three)
    assert await room.events("holding.erased") == []


async def test_one_unknown_recording_among_them_is_refused_with_the_batch(room: Any, three: list[str]) -> None:
    with pytest.raises(PermanentError, match="recording_unknown"):
        await hear_together(room, *(room.ordered(each) for each in (*three, UUID(int=1))))
    assert await room.rows("select * from erasures") == []


async def test_orders_of_other_kinds_and_trims_between_them_are_taken_each_by_itself(
    room: Any, three: list[str]
) -> None:
    trimmed = room.ordered(three[2], spans_kept=({"purposes": ("contract",), "spans": ((0, 5_000),)},))
    await hear_together(
        room, room.ordered(three[0]), room.ordered(three[1]), room.ordered(UUID(int=1), "call"), trimmed
    )
    kept = await room.rows("select spans_kept from erasures order by spans_kept nulls first")
    assert [row.spans_kept is None for row in kept][:2] == [True, True]
    assert len(kept) == 3


async def test_where_time_becomes_doubtful_what_is_left_of_a_run_is_judged_anew(
    room: Any, three: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await hear_together(room, *(room.ordered(each) for each in three))

    async def doubtful(*_args: object) -> set[UUID]:
        room.database.clock.frozen = "time jumped"
        return set()

    monkeypatch.setattr(erasing, "_carry_out_together", doubtful)
    assert await erase_due(room.means)
    assert await room.events("holding.erased") == []
