import asyncio
import secrets

import pytest
from recital_errors import NotFound, Unavailable
from recital_vault import ObjectStore
from recital_vault.sealing import PART_FRAMES, SEALED_FRAME
from recital_vault.store_client import StoreClient

PART = PART_FRAMES * SEALED_FRAME


async def test_erasing_removes_every_version_every_marker_and_the_open_upload(
    bucket: tuple[ObjectStore, StoreClient, str], object_key: str
) -> None:
    store, client, name = bucket
    await store.put(object_key, b"first")
    await store.put(object_key, b"second")
    await asyncio.to_thread(client.remove_object, name, object_key)
    await store.put(object_key, b"third")
    await asyncio.to_thread(client.remove_object, name, object_key)
    upload = await store.start_multipart(object_key)
    await store.put_part(object_key, upload, 1, secrets.token_bytes(PART))
    assert not await store.absent(object_key, upload)
    assert not await store.absent(object_key)

    await store.erase(object_key)

    assert await store.absent(object_key, upload)
    assert await store.absent(object_key)
    listing = client.list_objects(name, prefix=object_key, recursive=True, include_version=True)
    assert await asyncio.to_thread(list, listing) == []
    with pytest.raises(NotFound):
        await store.put_part(object_key, upload, 2, b"late")


async def test_a_delete_marker_alone_is_not_absence(
    bucket: tuple[ObjectStore, StoreClient, str], object_key: str
) -> None:
    store, client, name = bucket
    await store.put(object_key, b"first")
    await asyncio.to_thread(client.remove_object, name, object_key)
    assert await store.absent(object_key) == name.startswith("plain")
    with pytest.raises(NotFound):
        await store.read(object_key)
    await store.erase(object_key)
    assert await store.absent(object_key)


async def test_an_open_upload_alone_is_not_absence_and_its_known_id_suffices_to_end_it(
    bucket: tuple[ObjectStore, StoreClient, str], object_key: str
) -> None:
    store, _, _ = bucket
    upload = await store.start_multipart(object_key)
    assert not await store.absent(object_key)
    assert not await store.absent(object_key, upload)
    await store.erase(object_key, upload)
    assert await store.absent(object_key)
    assert await store.absent(object_key, upload)


async def test_an_upload_that_was_completed_leaves_nothing_after_erasure(
    bucket: tuple[ObjectStore, StoreClient, str], object_key: str
) -> None:
    store, _, _ = bucket
    upload = await store.start_multipart(object_key)
    parts = [await store.put_part(object_key, upload, 1, secrets.token_bytes(PART))]
    await store.complete(object_key, upload, parts)
    await store.erase(object_key, upload)
    assert await store.absent(object_key, upload)
    with pytest.raises(NotFound):
        await store.complete(object_key, upload, parts)


async def test_erasing_what_is_not_there_is_no_error_and_spares_neighbours(
    bucket: tuple[ObjectStore, StoreClient, str], object_key: str
) -> None:
    store, _, _ = bucket
    neighbour = f"{object_key}0"
    await store.put(neighbour, b"stays")
    upload = await store.start_multipart(neighbour)
    await store.erase(object_key)
    assert await store.absent(object_key)
    assert await store.read(neighbour) == b"stays"
    assert not await store.absent(neighbour, upload)


async def test_more_versions_than_are_removed_at_once_are_all_erased(
    objects: ObjectStore, object_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recital_vault.object_store._ERASED_AT_ONCE", 5)
    await asyncio.gather(*(objects.put(object_key, b"again") for _ in range(12)))
    await objects.erase(object_key)
    assert await objects.absent(object_key)


async def test_a_store_that_keeps_what_it_says_it_removed_ends_the_erasure_in_unavailable(
    objects: ObjectStore, object_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await objects.put(object_key, b"kept")
    with monkeypatch.context() as lying:
        lying.setattr(StoreClient, "remove_objects", lambda *_: iter(()))
        with pytest.raises(Unavailable) as refusal:
            await objects.erase(object_key)
    assert refusal.value.code == "object_store_refuses"
    assert not await objects.absent(object_key)
