"""Keys of retention's own parts: those without a row are collected, a key that cannot be destroyed is seen (R15)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from recital_errors import Unavailable
from recital_retention.actions import parts
from recital_retention.schedule import care_for_parts

TENANT = UUID(int=0xA)


async def a_part(room: Any) -> tuple[UUID, UUID]:
    """The part of a request, collected: its id and its request."""
    request = await room.request(room.customer)
    await room.hear(room.collection_ordered(request, room.customer))
    await care_for_parts(room.means)
    [part] = await room.rows("select id, key_id from parts")
    return part.key_id, request


async def test_a_key_that_no_part_names_is_collected_and_one_that_is_named_stays(
    room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, _ = await a_part(room)
    keys = room.means.vault.keys
    [tenant] = await room.rows("select key_id from tenants")
    stray = await keys.new_key(TENANT, room.fresh(), tenant.key_id)
    await parts.collect_keys(room.means, TENANT)
    assert not await keys.absent(TENANT, [stray.id])
    monkeypatch.setattr(parts, "LEASE", timedelta(0))
    assert await parts.collect_keys(room.means, TENANT)
    assert await keys.absent(TENANT, [stray.id])
    assert not await keys.absent(TENANT, [kept])


async def test_a_key_that_cannot_be_destroyed_keeps_the_erasure_open_and_visible_until_it_can(
    room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, request = await a_part(room)

    async def refuse(*_: Any) -> None:
        raise Unavailable("keys_away")

    with monkeypatch.context() as broken:
        broken.setattr(room.means.vault.keys, "destroy", refuse)
        await room.close(request)
        await room.settle(answer=False)
        [place] = await room.rows("select stuck_cause from places where place = :key", key=str(key))
        assert place.stuck_cause == "keys_away"
        assert "erasure_stuck" in await room.alarms()
    await room.settle(answer=False)
    assert [each["kind"] for each in await room.events("erasure.certified")] == ["collection"]
