"""What each service's user may do in the store, and that it may nothing else: the same on every store."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from minio import MinioAdmin
from minio.commonconfig import CopySource
from minio.deleteobjects import DeleteObject
from minio.error import MinioAdminException, S3Error
from recital_errors import RecitalError, Unavailable
from recital_testing.servers import Objects
from recital_vault import SERVICE_RIGHTS, ControlLedger, ObjectStore
from recital_vault.store_client import FileCredentials, StoreClient

KEEPING = [name for name, rights in SERVICE_RIGHTS.items() if rights.keeps_objects]
PART = 5 << 20

StoreOf = Callable[[str], Awaitable[ObjectStore]]
Attempts = dict[str, Callable[[], object]]


@pytest_asyncio.fixture(loop_scope="session")
async def store_of(object_store_server: Objects) -> AsyncIterator[StoreOf]:
    """The store as one service's user has it."""
    async with AsyncExitStack() as opened:

        async def make(service: str) -> ObjectStore:
            store = await ObjectStore.open(object_store_server.settings(service))
            opened.callback(store.close)
            return store

        yield make


def new_name(service: str) -> str:
    return f"{service}/{secrets.token_hex(8)}"


def refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except S3Error as error:
        return error.code == "AccessDenied"
    return False


@pytest.mark.parametrize("service", KEEPING)
async def test_a_service_does_all_it_needs_with_objects_of_its_own(service: str, store_of: StoreOf) -> None:
    store, name, large = await store_of(service), new_name(service), new_name(service)
    await store.ping()
    await store.put(name, b"first")
    await store.put(name, b"second")
    assert (await store.read(name), await store.size(name)) == (b"second", 6)
    assert await store.list_keys(name) == [name]
    upload = await store.start_multipart(large)
    assert upload in {each.upload_id for each in await store.open_uploads(f"{service}/")}
    parts = [await store.put_part(large, upload, number, data) for number, data in ((1, bytes(PART)), (2, b"end"))]
    await store.complete(large, upload, parts)
    await store.erase(large, upload)
    assert await store.absent(large, upload)
    left = await store.start_multipart(large)
    assert not await store.erase_all([name, large])
    assert await store.absent(name)
    assert await store.absent(large, left)


def attempts(client: StoreClient, bucket: str, own: str, there: str, upload: str, version: str) -> Attempts:
    """All that a user might try with an object, an open upload `<object>-large` and the folder that both lie in."""
    large, folder = f"{there}-large", there.partition("/")[0]
    return {
        "list": lambda: list(client.list_objects(bucket, prefix=f"{folder}/", recursive=True)),
        "read": lambda: client.get_object(bucket, there),
        "ask its size": lambda: client.stat_object(bucket, there),
        "put": lambda: client.put_whole(bucket, there, b"x"),
        "put a new one": lambda: client.put_new(bucket, f"{there}-new", b"x"),
        "delete": lambda: client.remove_object(bucket, there),
        "delete a version": lambda: client.remove_object(bucket, there, version_id=version),
        "begin an upload": lambda: client.start_upload(bucket, f"{there}-begun"),
        "continue an upload": lambda: client.put_part(bucket, large, upload, 1, b"x"),
        "list its parts": lambda: client.upload_is_open(bucket, large, upload),
        "abort it": lambda: client.abort_upload(bucket, large, upload),
        "copy": lambda: client.copy_object(bucket, own, CopySource(bucket, there)),
    }


@pytest.mark.parametrize("service", SERVICE_RIGHTS)
async def test_a_service_is_refused_whatever_it_tries_with_another_services_objects(
    service: str, object_store_server: Objects, objects: ObjectStore
) -> None:
    # R24
    bucket = object_store_server.bucket
    client = StoreClient(object_store_server.settings(service))
    for other in {*KEEPING, "canary"} - {service}:
        there = new_name(other)
        stored, upload = await objects.put(there, b"another's"), await objects.start_multipart(f"{there}-large")
        tried = attempts(client, bucket, new_name(service), there, upload, stored.version or "")
        taken = [what for what, attempt in tried.items() if not await asyncio.to_thread(refused, attempt)]
        assert (other, taken) == (other, [])
        doomed = [DeleteObject(there, stored.version)]
        assert {each.code for each in client.remove_objects(bucket, doomed)} == {"AccessDenied"}
        assert await objects.read(there) == b"another's"
        await objects.erase(there)
        await objects.abort(f"{there}-large", upload)


@pytest.mark.parametrize("service", SERVICE_RIGHTS)
async def test_a_service_sees_neither_the_whole_bucket_nor_changes_it(
    service: str, object_store_server: Objects
) -> None:
    bucket = object_store_server.bucket
    client = StoreClient(object_store_server.settings(service))
    for attempt in (
        lambda: list(client.list_objects(bucket, recursive=True)),
        lambda: list(client.list_objects(bucket, recursive=True, include_version=True)),
        lambda: client.make_bucket(f"another-{secrets.token_hex(4)}"),
        lambda: client.remove_bucket(bucket),
        lambda: client.get_bucket_policy(bucket),
        lambda: client.delete_bucket_policy(bucket),
        lambda: client.get_bucket_versioning(bucket),
    ):
        assert await asyncio.to_thread(refused, attempt)


async def test_retention_alone_appends_to_the_control_ledger_all_read_it_and_none_removes(
    store_of: StoreOf, objects: ObjectStore
) -> None:
    number = await ControlLedger(objects).head() + 1
    entry = {"order": secrets.token_hex(4)}
    for service in KEEPING:
        with pytest.raises(Unavailable) as refusal:
            await ControlLedger(await store_of(service)).append(number, entry)
        assert refusal.value.code == "object_store_refuses"
    await ControlLedger(await store_of("retention")).append(number, entry)
    for service in SERVICE_RIGHTS:
        assert await ControlLedger(await store_of(service)).read_after(number - 1) == [(number, entry)]
        with pytest.raises(RecitalError):
            await (await store_of(service)).erase(f"control/{number:020d}")
    assert await ControlLedger(objects).read_after(number - 1) == [(number, entry)]
    await objects.erase(f"control/{number:020d}")


async def test_retention_keeps_no_objects_of_its_own(store_of: StoreOf) -> None:
    store = await store_of("retention")
    await store.ping()
    with pytest.raises(Unavailable) as refusal:
        await store.put(new_name("retention"), b"x")
    assert refusal.value.code == "object_store_refuses"


async def test_a_services_user_makes_no_further_keys_for_itself(object_store_server: Objects) -> None:
    if object_store_server.kind != "minio":
        pytest.skip("SeaweedFS takes no new keys while it runs")
    user = object_store_server.user("ingest")
    admin = MinioAdmin(
        endpoint=object_store_server.endpoint,
        credentials=FileCredentials(user.access_key_file, user.secret_key_file),
        secure=False,
    )
    with pytest.raises(MinioAdminException, match="AccessDenied"):
        await asyncio.to_thread(
            lambda: admin.add_service_account(access_key=secrets.token_hex(5), secret_key=user.secret_key)
        )
