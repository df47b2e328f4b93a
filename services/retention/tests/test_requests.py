"""While a person's request is open nothing about them is destroyed; then it is; and retention's own part (R12, R14)."""

import asyncio
import hashlib
import json
from typing import Any
from uuid import UUID

import pytest
from recital_errors import Gone, NotFound
from recital_retention.actions import expiring, parts
from recital_retention.actions.requests import withhold
from recital_retention.schedule import care_for_parts

TENANT = UUID(int=0xA)


async def test_nothing_of_a_person_is_destroyed_while_their_request_is_open_and_then_it_is(room: Any) -> None:
    recording = await room.recording()
    request = await room.request(room.customer)
    await room.later("6 months 1 day")
    await room.settle()
    assert await room.ordered() == set()
    assert await room.state(recording.recording) == "due"
    [row] = await room.rows("select kept_by from holdings where id = :id", id=recording.recording)
    assert list(row.kept_by) == ["request_open"]

    await room.close(request)
    await room.settle()
    for holding in (recording.recording, recording.call, room.customer, room.agent):
        assert await room.state(holding) == "erased"


async def test_access_under_a_purpose_ends_although_a_request_keeps_the_recording(room: Any) -> None:
    await room.recording()
    await room.request(room.customer)
    await room.later("6 months 1 day")
    await room.settle()
    assert [each["key"] for each in await room.events("clock.expired")] == ["quality", "contract"]


async def test_one_of_two_requests_is_enough_to_keep(room: Any) -> None:
    recording = await room.recording()
    one, other = await room.request(room.customer), await room.request(room.agent)
    await room.later("6 months 1 day")
    await room.close(one)
    await room.settle()
    assert await room.state(recording.recording) == "due"
    await room.close(other)
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_what_others_have_goes_on_ending(room: Any) -> None:
    recording = await room.recording()
    await room.request(room.fresh())
    await room.later("6 months 1 day")
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_a_recording_that_arrives_during_a_request_is_kept_too(room: Any) -> None:
    request = await room.request(room.customer)
    recording = await room.recording()
    await room.revoke(recording)
    await room.settle()
    assert await room.state(recording.recording) == "due"
    await room.close(request)
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_a_closed_request_file_stays_two_years_and_needs_no_identity(room: Any) -> None:
    await room.call()
    request = await room.request(room.customer)
    await room.later("2 months")
    await room.close(request)
    await room.settle()
    assert await room.state(room.customer) == "erased"
    await room.later("23 months 29 days")
    await room.settle()
    assert await room.state(request) == "retained"
    await room.later("2 days")
    await room.settle()
    assert await room.state(request) == "erased"


async def test_an_open_requests_file_has_no_end_and_keeps_the_identity(room: Any) -> None:
    await room.call()
    request = await room.request(room.customer)
    await room.later("3 years")
    await room.settle()
    assert await room.state(request) == "retained"
    assert await room.state(room.customer) != "erased"


async def test_a_copy_that_ends_with_a_request_goes_when_it_closes(room: Any) -> None:
    request = await room.request(room.customer)
    copy = await room.copy("collection", ends_with=request, subjects=(room.customer,))
    await room.later("2 years")
    await room.settle()
    assert await room.state(copy) == "retained"
    await room.close(request)
    await room.settle()
    assert await room.state(copy) == "erased"


async def test_a_copy_announced_after_its_request_closed_goes_at_once(room: Any) -> None:
    request = await room.request(room.customer)
    await room.close(request)
    copy = await room.copy("collection", ends_with=request)
    await room.settle()
    assert await room.state(copy) == "erased"


async def test_a_withholding_asked_for_again_after_the_request_closed_keeps_nothing(room: Any) -> None:
    recording = await room.recording()
    request = await room.request(room.customer)
    await room.close(request)
    async with room.database.transaction(TENANT) as tx:
        assert (await withhold(tx, request, [room.customer])).lifted_at is not None
    await room.later("6 months 1 day")
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_a_withholding_and_the_schedule_take_turns(room: Any) -> None:
    """Whichever takes the row first wins, and both agree on it: never ordered after the withholding was answered."""
    await room.later("1 hour")
    for number in range(8):
        recording = await room.recording()
        await room.revoke(recording)
        request = room.fresh()

        async def ask(request: UUID = request) -> None:
            async with room.database.transaction(TENANT) as tx:
                await withhold(tx, request, [room.customer])
                await asyncio.sleep(0)

        if number % 2:
            await asyncio.gather(ask(), expiring.look(room.means, TENANT))
        else:
            await asyncio.gather(expiring.look(room.means, TENANT), ask())
        await expiring.look(room.means, TENANT)
        state = await room.state(recording.recording)
        assert state in ("due", "ordering")
        await room.rows("update withholdings set lifted_at = now() where id = :id returning id", id=request)
        await room.settle()


async def part_of(room: Any) -> tuple[UUID, UUID, Any]:
    request = await room.request(room.customer)
    ordered = room.collection_ordered(request, room.customer)
    await room.hear(ordered)
    assert await care_for_parts(room.means) is True
    [collected] = await room.events("part.collected")
    return request, ordered.order, collected


async def test_retentions_part_says_what_is_kept_of_a_person_until_when(room: Any) -> None:
    recording = await room.recording()
    request, order, collected = await part_of(room)
    document = await parts.open_part(room.means, TENANT, order, request)
    assert len(document) == collected["size"]
    assert hashlib.sha256(document).hexdigest() == collected["sha256"]
    items = json.loads(document)["items"]
    assert len(items) == collected["items"]
    by_id = {item["id"]: item for item in items}
    assert set(by_id) == {str(each) for each in (recording.recording, recording.call, room.customer, request)}
    assert [clock["purpose"] for clock in by_id[str(recording.recording)]["clocks"]] == ["contract", "quality"]
    assert by_id[str(recording.recording)]["holding_kind"] == "recording"


async def test_which_other_parts_were_collected_before_changes_nothing_in_retentions_own(room: Any) -> None:
    earlier = await room.copy("collection", ends_with=await room.request(room.customer), subjects=(room.customer,))
    request = await room.request(room.customer)
    others = await room.copy("collection", ends_with=request, subjects=(room.customer,))
    ordered = room.collection_ordered(request, room.customer)
    await room.hear(ordered)
    await care_for_parts(room.means)
    items = json.loads(await parts.open_part(room.means, TENANT, ordered.order, request))["items"]
    told = {item["id"] for item in items}
    assert str(earlier) in told
    assert str(others) not in told


async def test_a_part_is_sealed_in_the_database(room: Any) -> None:
    recording = await room.recording()
    await part_of(room)
    [row] = await room.rows("select sealed from parts")
    assert str(recording.recording).encode() not in bytes(row.sealed)


async def test_a_part_is_collected_once_per_order(room: Any) -> None:
    request = await room.request(room.customer)
    ordered = room.collection_ordered(request, room.customer)
    await room.hear(ordered, ordered)
    while await care_for_parts(room.means):
        pass
    await room.hear(ordered)
    assert await care_for_parts(room.means) is False
    assert len(await room.events("part.collected")) == 1


async def test_a_part_ends_with_its_request_key_and_bytes_with_proof(room: Any) -> None:
    request, order, collected = await part_of(room)
    [row] = await room.rows("select key_id from parts")
    await room.close(request)
    await room.settle(answer=False)
    part = UUID(collected["part"])
    assert await room.state(part) == "erased"
    assert await room.means.vault.keys.absent(TENANT, [row.key_id])
    assert await room.rows("select id from parts") == []
    [certified] = [each for each in await room.events("erasure.certified") if each["holding"] == str(part)]
    assert certified["ground"] == "request_closed"
    with pytest.raises(NotFound):
        await parts.open_part(room.means, TENANT, order, request)


async def test_a_part_whose_key_is_gone_is_gone(room: Any) -> None:
    request, order, _ = await part_of(room)
    [row] = await room.rows("select key_id from parts")
    await room.means.vault.keys.destroy(TENANT, [row.key_id])
    with pytest.raises(Gone, match="part_erased"):
        await parts.open_part(room.means, TENANT, order, request)


async def test_a_part_is_given_for_its_own_request_only_and_not_before_it_is_collected(room: Any) -> None:
    request = await room.request(room.customer)
    ordered = room.collection_ordered(request, room.customer)
    await room.hear(ordered)
    with pytest.raises(NotFound, match="part_not_collected"):
        await parts.open_part(room.means, TENANT, ordered.order, request)
    await care_for_parts(room.means)
    with pytest.raises(NotFound, match="not_found"):
        await parts.open_part(room.means, TENANT, ordered.order, room.fresh())
    with pytest.raises(NotFound, match="not_found"):
        await parts.open_part(room.means, room.other_tenant, ordered.order, request)


async def test_a_part_whose_request_closed_before_it_was_collected_is_never_made(room: Any) -> None:
    request = await room.request(room.customer)
    await room.hear(room.collection_ordered(request, room.customer))
    await room.close(request)
    while await care_for_parts(room.means):
        pass
    assert await room.events("part.collected") == []
    assert await room.rows("select id from parts") == []


async def test_while_time_is_frozen_a_part_is_not_destroyed(room: Any) -> None:
    request, _, collected = await part_of(room)
    await room.close(request)
    await room.settle(answer=False)
    assert await room.state(UUID(collected["part"])) == "erased"
    await room.jump()
    assert await parts.erase(room.means, TENANT) is False
