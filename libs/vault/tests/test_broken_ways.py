"""The store is sound here; what breaks is the way to it."""

import secrets
from collections import deque
from collections.abc import AsyncIterator
from typing import Protocol

import pytest
from recital_errors import Unavailable
from recital_vault import ObjectStore
from recital_vault.sealing import PART_FRAMES, SEALED_FRAME

PART = PART_FRAMES * SEALED_FRAME
# The proxy changes this in a body when `hurt_body` is planned.
HURT = b"hurt-on-the-way"


class Proxy(Protocol):
    plan: deque[str]
    requests: int


async def whole(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def test_a_failure_that_passes_is_not_noticed(fragile: ObjectStore, proxy: Proxy, object_key: str) -> None:
    for fault in ("refuse", "lose_answer", "silence"):
        proxy.plan.extend([fault, fault])
        await fragile.put(object_key, b"sound")
        proxy.plan.extend([fault, fault])
        assert await fragile.read(object_key) == b"sound"


async def test_a_failure_that_stays_is_unavailable_after_the_stated_attempts(
    fragile: ObjectStore, proxy: Proxy, object_key: str
) -> None:
    proxy.plan.extend(["refuse"] * 3)
    with pytest.raises(Unavailable) as refusal:
        await fragile.put(object_key, b"sound")
    assert refusal.value.code == "object_store_unavailable"
    assert proxy.requests == 3
    proxy.plan.append("refuse")
    with pytest.raises(Unavailable):
        await fragile.ping()
    assert proxy.requests == 4


async def test_a_silent_store_is_given_up_within_patience(fragile: ObjectStore, proxy: Proxy, object_key: str) -> None:
    proxy.plan.extend(["silence"] * 3)
    with pytest.raises(Unavailable):
        await fragile.put(object_key, b"sound")
    assert proxy.requests == 3


async def test_bytes_hurt_on_their_way_are_sent_again_until_they_arrive_whole(
    fragile: ObjectStore, objects: ObjectStore, proxy: Proxy, object_key: str
) -> None:
    data = secrets.token_bytes(1000) + HURT
    proxy.plan.append("hurt_body")
    await fragile.put(object_key, data)
    assert await objects.read(object_key) == data

    upload = await fragile.start_multipart(object_key)
    proxy.plan.append("hurt_body")
    part = await fragile.put_part(object_key, upload, 1, data)
    await fragile.complete(object_key, upload, [part])
    assert await objects.read(object_key) == data


async def test_bytes_hurt_every_time_are_never_called_stored(
    fragile: ObjectStore, proxy: Proxy, object_key: str
) -> None:
    upload = await fragile.start_multipart(object_key)
    proxy.plan.extend(["hurt_body"] * 3)
    with pytest.raises(Unavailable) as refusal:
        await fragile.put_part(object_key, upload, 1, HURT)
    assert refusal.value.code == "object_store_corrupts"
    await fragile.abort(object_key, upload)


async def test_a_completion_whose_answer_got_lost_is_still_one_verified_object(
    fragile: ObjectStore, proxy: Proxy, object_key: str
) -> None:
    upload = await fragile.start_multipart(object_key)
    part = await fragile.put_part(object_key, upload, 1, b"whole")
    proxy.plan.append("lose_answer")
    stored = await fragile.complete(object_key, upload, [part])
    assert stored.size == 5
    assert await fragile.read(object_key) == b"whole"


async def test_a_download_that_breaks_goes_on_where_it_broke(
    fragile: ObjectStore, proxy: Proxy, object_key: str
) -> None:
    data = secrets.token_bytes(300_000)
    await fragile.put(object_key, data)
    asked = proxy.requests
    proxy.plan.extend(["cut_answer", "cut_answer"])
    assert await whole(fragile.get(object_key, 7, 250_000, chunk=10_000)) == data[7:250_007]
    assert proxy.requests == asked + 3


async def test_a_download_that_breaks_without_getting_on_ends_in_unavailable(
    fragile: ObjectStore, proxy: Proxy, object_key: str
) -> None:
    await fragile.put(object_key, secrets.token_bytes(100_000))
    proxy.plan.extend(["cut_answer"] * 20)
    with pytest.raises(Unavailable):
        await whole(fragile.get(object_key, chunk=100_000))
    proxy.plan.clear()
