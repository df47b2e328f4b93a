"""What any S3 store must do to be the vault's, beside what the other tests here ask of it: run against each store."""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from minio.error import S3Error
from recital_errors import Conflict, NotFound, RecitalError, Unavailable
from recital_testing.ports import OBJECT_PORTS, choose_ports
from recital_testing.servers import Objects
from recital_vault import ControlLedger, ObjectStore, ObjectStoreSettings
from recital_vault.store_client import StoreClient

WRITERS = 8


async def test_what_arrives_with_another_checksum_than_was_stated_is_refused_and_not_kept(
    object_settings: ObjectStoreSettings, objects: ObjectStore, object_key: str
) -> None:
    client = StoreClient(object_settings)
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    with pytest.raises(S3Error):
        await asyncio.to_thread(
            client._put_object, object_settings.bucket, object_key, b"data", {"x-amz-checksum-sha256": wrong}
        )
    assert await objects.absent(object_key)


def test_under_tls_where_no_hash_is_signed_a_put_states_its_checksum(object_settings: ObjectStoreSettings) -> None:
    headers = [StoreClient(replace(object_settings, secure=secure))._checked(b"data") for secure in (True, False)]
    assert ["x-amz-checksum-sha256" in each for each in headers] == [True, False]


async def test_a_put_that_the_store_acknowledged_as_something_else_is_no_put(
    objects: ObjectStore, object_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StoreClient, "put_whole", lambda *_: ("0" * 32, None))
    with pytest.raises(Unavailable) as raised:
        await objects.put(object_key, b"data")
    assert raised.value.code == "object_store_corrupts"


async def test_of_many_who_put_a_new_object_one_does(objects: ObjectStore, object_key: str) -> None:
    said = [secrets.token_bytes(100) for _ in range(WRITERS)]
    answers = await asyncio.gather(*(objects.put_new(object_key, each) for each in said), return_exceptions=True)
    stored = [each for each, answer in zip(said, answers, strict=True) if not isinstance(answer, BaseException)]
    refused = [answer.code for answer in answers if isinstance(answer, RecitalError)]
    assert (len(stored), refused) == (1, ["object_there"] * (WRITERS - 1))
    assert await objects.read(object_key) == stored[0]
    with pytest.raises(Conflict):
        await objects.put_new(object_key, b"later")
    await objects.erase(object_key)
    await objects.put_new(object_key, b"again")
    assert await objects.read(object_key) == b"again"


async def test_two_who_append_one_control_entry_agree_on_one(objects: ObjectStore) -> None:
    ledger = ControlLedger(objects)
    number = await ledger.head() + 1
    entries = [{"order": secrets.token_hex(4)} for _ in range(WRITERS)]
    answers = await asyncio.gather(*(ledger.append(number, each) for each in entries), return_exceptions=True)
    [[found, entry]] = await ledger.read_after(number - 1)
    assert (found, [each for each, answer in zip(entries, answers, strict=True) if answer is None]) == (number, [entry])
    await ledger.append(number, entry)
    await objects.erase(f"control/{number:020d}")  # whoever starts on this bucket would apply it


async def test_a_listing_has_what_was_acknowledged_and_nothing_that_was_erased(
    objects: ObjectStore, object_key: str
) -> None:
    async def write_and_look(number: int) -> None:
        own = f"{object_key}/{number}"
        await objects.put(own, b"x")
        assert own in await objects.list_keys(f"{object_key}/")
        if number % 2:
            await objects.erase(own)
            assert own not in await objects.list_keys(f"{object_key}/")

    await asyncio.gather(*(write_and_look(number) for number in range(12)))
    assert await objects.list_keys(f"{object_key}/") == sorted(f"{object_key}/{number}" for number in range(0, 12, 2))


async def test_open_uploads_are_listed_until_they_are_ended(objects: ObjectStore, object_key: str) -> None:
    begun = [await objects.start_multipart(f"{object_key}/{number}") for number in range(3)]
    listed = await objects.open_uploads(f"{object_key}/")
    assert sorted(each.upload_id for each in listed) == sorted(begun)
    for number, upload in enumerate(begun):
        await objects.abort(f"{object_key}/{number}", upload)
    assert await objects.open_uploads(f"{object_key}/") == []


@pytest.fixture
def mortal_store(object_store_server: Objects, tmp_path: Path) -> Callable[[], Objects]:
    """A store of the same kind that may be killed."""
    ports = choose_ports(OBJECT_PORTS)

    def make() -> Objects:
        return Objects.in_folder(tmp_path / "mortal", ports=ports, kind=object_store_server.kind)

    return make


async def test_a_store_killed_amid_puts_keeps_what_it_acknowledged_and_shows_nothing_in_part(
    mortal_store: Callable[[], Objects],
) -> None:
    """SIGKILL, so the machine's own cache survives: of a power failure this says nothing."""
    server = mortal_store()
    await server.start()
    store = await ObjectStore.open(server.settings())
    said: dict[str, bytes] = {}
    acknowledged: set[str] = set()
    busy = asyncio.Event()

    async def write(writer: int) -> None:
        for number in range(1_000):
            key = f"killed/{writer}/{number}"
            said[key] = secrets.token_bytes(20_000)
            try:
                await store.put(key, said[key])
            except RecitalError:
                return
            acknowledged.add(key)
            if len(acknowledged) >= 5 * WRITERS:
                busy.set()

    writing = asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    await busy.wait()
    await server.kill()
    await writing
    store.close()
    again = mortal_store()
    await again.start()
    store = await ObjectStore.open(again.settings())
    try:
        for key, data in said.items():
            try:
                assert await store.read(key) == data
            except NotFound:
                assert key not in acknowledged
    finally:
        store.close()
        await again.kill()
