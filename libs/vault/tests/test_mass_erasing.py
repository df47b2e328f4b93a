"""Many objects erased together, on every store of the suite: nothing of them is left, and others are not touched."""

import asyncio
import secrets
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from minio.deleteobjects import DeleteError
from recital_errors import Unavailable
from recital_vault import ObjectStore
from recital_vault.sealing import PART_FRAMES, SEALED_FRAME
from recital_vault.store_client import StoreClient

PART = PART_FRAMES * SEALED_FRAME


def names(number: int) -> list[str]:
    return [f"vaulttest/{UUID(int=place * 0x1000 + 0xFFF)}" for place in range(number)]


async def filled(store: ObjectStore, keys: list[str]) -> None:
    await asyncio.gather(*(store.put(key, b"sealed") for key in keys))


async def everything(client: StoreClient, bucket: str) -> list[str]:
    listing = client.list_objects(bucket, recursive=True, include_version=True)
    return [each.object_name or "" for each in await asyncio.to_thread(list, listing)]


async def test_objects_among_many_others_go_and_no_other_does(bucket: tuple[ObjectStore, StoreClient, str]) -> None:
    store, client, name = bucket
    keys = names(60)
    await filled(store, keys)
    doomed = [keys[0], *keys[5:8], keys[31], *keys[58:], "vaulttest/never-there", keys[40][:-1], keys[41] + "0"]
    assert await store.erase_all(doomed) == frozenset()
    assert await everything(client, name) == [key for key in keys if key not in doomed]


async def test_every_version_marker_and_open_upload_of_them_goes(bucket: tuple[ObjectStore, StoreClient, str]) -> None:
    store, client, name = bucket
    keys = names(4)
    await filled(store, keys)
    for _ in range(15):
        await store.put(keys[1], b"again")
    await asyncio.to_thread(client.remove_object, name, keys[1])
    uploads = [await store.start_multipart(key) for key in (keys[0], keys[2], keys[3])]
    await store.put_part(keys[0], uploads[0], 1, secrets.token_bytes(PART))
    assert await store.erase_all(keys[:3]) == frozenset()
    assert [await store.absent(key) for key in keys] == [True, True, True, False]
    assert [each.object_key for each in await store.open_uploads()] == [keys[3]]


async def test_erasing_nothing_and_what_is_gone_is_no_error(bucket: tuple[ObjectStore, StoreClient, str]) -> None:
    store, _, _ = bucket
    assert await store.erase_all([]) == frozenset()
    assert await store.erase_all(names(3)) == frozenset()


async def test_what_the_store_keeps_is_told_and_the_rest_is_gone(
    bucket: tuple[ObjectStore, StoreClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, client, name = bucket
    keys = names(5)
    await filled(store, keys)
    removing = StoreClient.remove_objects

    def refused(self: StoreClient, bucket_name: str, doomed: list[Any]) -> Iterator[DeleteError]:
        yield from removing(self, bucket_name, [each for each in doomed if each.name != keys[2]])
        if any(each.name == keys[2] for each in doomed):
            yield DeleteError("AccessDenied", None, None, keys[2])

    monkeypatch.setattr(StoreClient, "remove_objects", refused)
    assert await store.erase_all(keys) == {keys[2]}
    assert await everything(client, name) == [keys[2]]


@pytest.mark.parametrize("step", ["listed_after", "open_uploads", "remove_objects"])
async def test_without_an_answer_nothing_is_said_to_be_gone(
    bucket: tuple[ObjectStore, StoreClient, str], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    store, _, _ = bucket
    keys = names(2)
    await filled(store, keys)

    def fails(*_args: object, **_more: object) -> None:
        raise OSError

    monkeypatch.setattr(StoreClient, step, fails)
    monkeypatch.setattr(store._persistence, "_attempts", 1)
    with pytest.raises(Unavailable):
        await store.erase_all(keys)


async def test_a_listing_that_goes_on_and_is_empty_proves_nothing(
    bucket: tuple[ObjectStore, StoreClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _, _ = bucket
    monkeypatch.setattr(StoreClient, "listed_after", lambda *_, **__: ([], True))
    monkeypatch.setattr(store._persistence, "_attempts", 1)
    with pytest.raises(Unavailable) as raised:
        await store.erase_all(names(2))
    assert raised.value.code == "object_store_corrupts"
