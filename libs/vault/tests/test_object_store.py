import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from recital_errors import Malformed, NotFound, Unavailable
from recital_vault import ObjectStore, ObjectStoreSettings, StoredPart
from recital_vault.sealing import PART_FRAMES, SEALED_FRAME

PART = PART_FRAMES * SEALED_FRAME


async def whole(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def test_an_object_is_stored_verified_and_read_back(objects: ObjectStore, object_key: str) -> None:
    data = secrets.token_bytes(100_000)
    stored = await objects.put(object_key, data)
    assert (stored.size, stored.etag) == (100_000, hashlib.md5(data, usedforsecurity=False).hexdigest())
    assert stored.version
    assert await objects.size(object_key) == 100_000
    assert await objects.read(object_key) == data
    assert await whole(objects.get(object_key)) == data


@pytest.mark.parametrize(
    ("offset", "length"), [(0, 1), (1, None), (999, 1), (0, 1000), (500, 499), (0, 0), (999, None), (10, 5000)]
)
async def test_a_range_is_exactly_what_was_asked(
    objects: ObjectStore, object_key: str, offset: int, length: int | None
) -> None:
    data = secrets.token_bytes(1000)
    await objects.put(object_key, data)
    end = None if length is None else offset + length
    pieces = [piece async for piece in objects.get(object_key, offset, length, chunk=300)]
    assert b"".join(pieces) == data[offset:end]
    assert all(len(piece) == 300 for piece in pieces[:-1])


async def test_parts_become_one_object_verified_by_the_hash_of_their_hashes(
    objects: ObjectStore, object_key: str
) -> None:
    data = [secrets.token_bytes(PART), secrets.token_bytes(PART), b"tail"]
    upload = await objects.start_multipart(object_key)
    parts = [await objects.put_part(object_key, upload, number, part) for number, part in enumerate(data, 1)]
    assert not await objects.absent(object_key, upload)
    stored = await objects.complete(object_key, upload, parts)
    assert stored.size == 2 * PART + 4
    assert stored.etag.endswith("-3")
    assert await whole(objects.get(object_key)) == b"".join(data)
    assert await objects.complete(object_key, upload, parts) == stored


async def test_what_is_not_there_is_not_found(objects: ObjectStore, object_key: str) -> None:
    for missing in (objects.read(object_key), objects.size(object_key), whole(objects.get(object_key))):
        with pytest.raises(NotFound) as refusal:
            await missing
        assert refusal.value.code == "object_missing"
    upload = await objects.start_multipart(object_key)
    await objects.abort(object_key, upload)
    await objects.abort(object_key, upload)
    for missing_upload in (
        objects.put_part(object_key, upload, 1, b"late"),
        objects.complete(
            object_key, upload, [StoredPart(1, hashlib.md5(b"late", usedforsecurity=False).hexdigest(), 4)]
        ),
    ):
        with pytest.raises(NotFound) as refusal:
            await missing_upload
        assert refusal.value.code == "upload_missing"


async def test_a_range_beyond_the_end_is_refused(objects: ObjectStore, object_key: str) -> None:
    await objects.put(object_key, b"short")
    with pytest.raises(Malformed) as refusal:
        await whole(objects.get(object_key, 100, 5))
    assert refusal.value.code == "range_unsatisfiable"


async def test_a_reader_that_leaves_early_gives_every_connection_back(
    object_settings: ObjectStoreSettings, objects: ObjectStore, object_key: str
) -> None:
    await objects.put(object_key, secrets.token_bytes(3 << 20))
    narrow = await ObjectStore.open(replace(object_settings, connections=1))
    for _ in range(5):
        async with aclosing(narrow.get(object_key, chunk=1000)) as pieces:
            assert len(await anext(pieces)) == 1000
        assert await narrow.size(object_key) == 3 << 20
    narrow.close()


async def test_a_reader_that_is_cancelled_at_any_moment_leaves_the_store_usable(
    object_settings: ObjectStoreSettings, objects: ObjectStore, object_key: str
) -> None:
    await objects.put(object_key, secrets.token_bytes(3 << 20))
    narrow = await ObjectStore.open(replace(object_settings, connections=1))
    for turns in range(40):
        reading = asyncio.create_task(whole(narrow.get(object_key, chunk=100_000)))
        for _ in range(turns):
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    assert await narrow.size(object_key) == 3 << 20
    narrow.close()


async def test_object_keys_are_listed_in_order_under_their_prefix(objects: ObjectStore, object_key: str) -> None:
    keys = [f"{object_key}-list/{number:03d}" for number in range(5)]
    for key in reversed(keys):
        await objects.put(key, b"x")
    prefix = f"{object_key}-list/"
    assert await objects.list_keys(prefix) == keys
    assert await objects.list_keys(prefix, after=keys[2]) == keys[3:]
    assert await objects.list_keys(prefix, limit=2) == keys[:2]
    assert await objects.list_keys(f"{object_key}-none/") == []


async def test_ready_means_a_canary_came_back(
    objects: ObjectStore, object_settings: ObjectStoreSettings, object_key: str
) -> None:
    await objects.ping()
    own = await ObjectStore.open(replace(object_settings, canary=object_key))
    await own.ping()
    await own.ping()
    await own.erase(object_key)
    with pytest.raises(Unavailable):
        await own.ping()
    await own.ping()
    await own.put(object_key, b"changed")
    with pytest.raises(Unavailable) as refusal:
        await own.ping()
    assert refusal.value.code == "object_store_corrupts"
    own.close()


async def test_a_store_that_is_not_there_is_unavailable(
    object_settings: ObjectStoreSettings, object_key: str, tmp_path: Path
) -> None:
    missing = replace(object_settings, secret_key_file=tmp_path / "missing", attempts=1)
    for settings in (replace(object_settings, endpoint="127.0.0.1:1", attempts=2), missing):
        away = await ObjectStore.open(settings)
        for attempt in (away.ping(), away.put(object_key, b"x"), away.absent(object_key), whole(away.get(object_key))):
            with pytest.raises(Unavailable) as refusal:
                await attempt
            assert refusal.value.code == "object_store_unavailable"
        away.close()


async def test_a_store_that_refuses_us_is_unavailable_at_once_and_never_taken_for_empty(
    object_settings: ObjectStoreSettings, objects: ObjectStore, object_key: str, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong")
    await objects.put(object_key, b"x")
    stranger = await ObjectStore.open(replace(object_settings, secret_key_file=wrong))
    for attempt in (
        stranger.absent(object_key),
        stranger.erase(object_key),
        stranger.read(object_key),
        stranger.start_multipart(object_key),
    ):
        with pytest.raises(Unavailable) as refusal:
            await attempt
        assert refusal.value.code == "object_store_refuses"
    stranger.close()
    assert await objects.read(object_key) == b"x"


async def test_a_bucket_is_provisioned_once_and_again_without_harm(
    object_settings: ObjectStoreSettings, object_key: str
) -> None:
    other = await ObjectStore.open(replace(object_settings, bucket=f"b{secrets.token_hex(4)}"))
    with pytest.raises(Unavailable):
        await other.put(object_key, b"x")
    await other.provision()
    assert (await other.put(object_key, b"x")).version is None
    await other.provision(versioned=True)
    assert (await other.put(object_key, b"y")).version
    await other.erase(object_key)
    assert await other.absent(object_key)
    other.close()
