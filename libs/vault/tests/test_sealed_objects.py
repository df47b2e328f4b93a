import asyncio
import hashlib
import secrets
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from uuid import UUID

import pytest
from recital_errors import Malformed, NotFound, Unavailable
from recital_testing.servers import Objects
from recital_vault import FRAME, DataKey, KeyStore, ObjectStore, SealBroken, SealedObject, Stored, Vault, sealed_size

KeysOf = Callable[..., Awaitable[KeyStore]]
PART = 80 * FRAME
SEALED_FRAME = FRAME + 16
OWNER = UUID(int=7)
SIZES = [0, 1, FRAME - 1, FRAME, FRAME + 1, 16 * FRAME, 16 * FRAME + 1, PART - 1, PART, PART + 1, 2 * PART + FRAME + 5]


async def whole(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def new_key(vault: Vault, tenant: UUID) -> DataKey:
    return await vault.keys.new_key(tenant, OWNER, await vault.keys.create_tenant_key(tenant))


async def sealed(
    vault: Vault, tenant: UUID, object_key: str, plaintext: bytes, *, piece: int = 99_991
) -> tuple[SealedObject, DataKey]:
    """`plaintext` stored as track 0 of OWNER, written in pieces that end nowhere near a frame's end."""
    key = await new_key(vault, tenant)
    async with vault.writer(tenant, OWNER, 0, object_key, key) as writer:
        for start in range(0, len(plaintext), piece):
            await writer.write(memoryview(plaintext)[start : start + piece])
        return await writer.finish(), key


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_written_reads_back_whole_at_every_border_of_frame_and_part(
    vault: Vault, tenant: UUID, object_key: str, size: int
) -> None:
    plaintext = secrets.token_bytes(size)
    stored, key = await sealed(vault, tenant, object_key, plaintext)
    ciphertext = await vault.objects.read(object_key)
    assert (stored.size, stored.sealed_size) == (size, sealed_size(size))
    assert stored.sealed_size == len(ciphertext) == await vault.objects.size(object_key)
    assert stored.plain_sha256 == hashlib.sha256(plaintext).digest()
    assert stored.cipher_sha256 == hashlib.sha256(ciphertext).digest()
    assert (stored.upload_id is None) == (size <= PART)
    reader = vault.reader(tenant, OWNER, 0, object_key, key.id, size=size)
    assert await whole(reader.read()) == plaintext


async def test_every_range_is_exactly_those_bytes(vault: Vault, tenant: UUID, object_key: str) -> None:
    size = 33 * FRAME + 11
    plaintext = secrets.token_bytes(size)
    _, key = await sealed(vault, tenant, object_key, plaintext)
    reader = vault.reader(tenant, OWNER, 0, object_key, key.id, size=size)
    borders = [0, 1, FRAME - 1, FRAME, 16 * FRAME, 16 * FRAME + 1, 32 * FRAME, size - 1, size]
    for offset in borders:
        for length in (0, 1, FRAME, 17 * FRAME + 1, None):
            end = None if length is None else offset + length
            assert await whole(reader.read(offset, length)) == plaintext[offset:end]
    for offset, length in ((size + 1, 1), (-1, 1), (0, -1)):
        with pytest.raises(Malformed):
            await whole(reader.read(offset, length))


async def test_a_range_reads_only_the_frames_it_lies_in(vault: Vault, tenant: UUID, object_key: str) -> None:
    size = 40 * FRAME
    plaintext = secrets.token_bytes(size)
    _, key = await sealed(vault, tenant, object_key, plaintext)
    ciphertext = bytearray(await vault.objects.read(object_key))
    ciphertext[:SEALED_FRAME] = bytes(SEALED_FRAME)
    await vault.objects.put(object_key, bytes(ciphertext))
    reader = vault.reader(tenant, OWNER, 0, object_key, key.id, size=size)
    assert await whole(reader.read(FRAME, 2 * FRAME)) == plaintext[FRAME : 3 * FRAME]
    with pytest.raises(SealBroken):
        await whole(reader.read(FRAME - 1, 2))


@pytest.mark.parametrize(
    "damage",
    [
        lambda sealed: sealed[:100] + bytes([sealed[100] ^ 1]) + sealed[101:],
        lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 128]),
        lambda sealed: sealed[:-1],
        lambda sealed: sealed[:SEALED_FRAME],
        lambda sealed: sealed[: 2 * SEALED_FRAME],
        lambda sealed: sealed[SEALED_FRAME : 2 * SEALED_FRAME] + sealed[:SEALED_FRAME] + sealed[2 * SEALED_FRAME :],
        lambda sealed: sealed[:SEALED_FRAME] * 2 + sealed[2 * SEALED_FRAME :],
        lambda sealed: sealed[SEALED_FRAME:],
        lambda _: b"",
    ],
    ids=["bit", "last bit", "last byte", "tail", "final frame", "swapped", "repeated", "head", "everything"],
)
async def test_a_changed_object_is_refused_and_nothing_false_is_given_out(
    vault: Vault, tenant: UUID, object_key: str, damage: Callable[[bytes], bytes]
) -> None:
    plaintext = secrets.token_bytes(2 * FRAME + 10)
    _, key = await sealed(vault, tenant, object_key, plaintext)
    await vault.objects.put(object_key, damage(await vault.objects.read(object_key)))
    given = b""
    with pytest.raises(SealBroken):
        async for piece in vault.reader(tenant, OWNER, 0, object_key, key.id, size=len(plaintext)).read():
            given += piece
    assert plaintext.startswith(given)


async def test_an_object_put_in_the_place_of_another_track_recording_or_tenants_is_refused(
    vault: Vault, tenant: UUID, object_key: str, make_id: Callable[[], UUID]
) -> None:
    plaintext = secrets.token_bytes(100)
    _, key = await sealed(vault, tenant, object_key, plaintext)
    ciphertext = await vault.objects.read(object_key)
    other_place = f"{object_key}-other"
    await vault.objects.put(other_place, ciphertext)
    other_tenant = make_id()
    other_key = await new_key(vault, other_tenant)
    for changed in (
        vault.reader(tenant, OWNER, 1, object_key, key.id, size=100),
        vault.reader(tenant, make_id(), 0, object_key, key.id, size=100),
        vault.reader(tenant, OWNER, 0, other_place, key.id, size=100),
        vault.reader(other_tenant, OWNER, 0, object_key, other_key.id, size=100),
        vault.reader(tenant, OWNER, 0, object_key, (await new_key(vault, tenant)).id, size=100),
        vault.reader(tenant, OWNER, 0, object_key, key.id, size=99),
    ):
        with pytest.raises(SealBroken):
            await whole(changed.read())
    with pytest.raises(NotFound):
        await whole(vault.reader(other_tenant, OWNER, 0, object_key, key.id, size=100).read())


async def test_a_lost_object_is_missing_and_a_destroyed_key_says_so_first(
    vault: Vault, tenant: UUID, object_key: str
) -> None:
    _, key = await sealed(vault, tenant, object_key, b"voice")
    reader = vault.reader(tenant, OWNER, 0, object_key, key.id, size=5)
    await vault.objects.erase(object_key)
    with pytest.raises(NotFound) as refusal:
        await whole(reader.read())
    assert refusal.value.code == "object_missing"
    await vault.keys.destroy(tenant, [key.id])
    with pytest.raises(NotFound) as refusal:
        await whole(reader.read())
    assert refusal.value.code == "key_destroyed"


async def test_a_reading_under_way_ends_within_a_minute_after_the_key_was_destroyed_elsewhere(
    keys: KeyStore, keys_of: KeysOf, objects: ObjectStore, tenant: UUID, object_key: str
) -> None:
    seconds = [0.0]
    listening = Vault(await keys_of(monotonic=lambda: seconds[0]), objects)
    plaintext = secrets.token_bytes(50 * FRAME)
    _, key = await sealed(Vault(keys, objects), tenant, object_key, plaintext)
    reader = listening.reader(tenant, OWNER, 0, object_key, key.id, size=len(plaintext))
    async with aclosing(reader.read()) as pieces:
        first = await anext(pieces)
        await keys.destroy(tenant, [key.id])
        second = await anext(pieces)
        seconds[0] = 60.0
        with pytest.raises(NotFound):
            await anext(pieces)
    assert plaintext.startswith(first + second)


async def test_the_upload_id_is_told_before_the_first_part_is_sent(vault: Vault, tenant: UUID, object_key: str) -> None:
    told: list[str] = []

    async def commit(upload_id: str) -> None:
        open_now = [upload.upload_id for upload in await vault.objects.open_uploads(object_key)]
        assert open_now == [upload_id]
        assert not vault_has_parts(vault, object_key, upload_id)
        told.append(upload_id)

    key = await new_key(vault, tenant)
    async with vault.writer(tenant, OWNER, 0, object_key, key, on_upload=commit) as writer:
        await writer.write(bytes(PART))
        assert told == []
        await writer.write(bytes(3 * PART))
        stored = await writer.finish()
    assert told == [stored.upload_id]


def vault_has_parts(vault: Vault, object_key: str, upload_id: str) -> bool:
    client = vault.objects._client
    return bool(client._list_parts("recital", object_key, upload_id).parts)


@pytest.mark.parametrize("size", [10, PART + 1, 3 * PART])
async def test_a_writer_left_by_an_error_leaves_nothing(vault: Vault, tenant: UUID, object_key: str, size: int) -> None:
    with pytest.raises(RuntimeError, match="client gone"):
        async with vault.writer(tenant, OWNER, 0, object_key, await new_key(vault, tenant)) as writer:
            await writer.write(bytes(size))
            raise RuntimeError("client gone")
    assert await vault.objects.absent(object_key)
    assert await vault.objects.absent(object_key, writer.upload_id)


async def test_a_writer_left_without_finish_leaves_nothing(vault: Vault, tenant: UUID, object_key: str) -> None:
    async with vault.writer(tenant, OWNER, 0, object_key, await new_key(vault, tenant)) as writer:
        await writer.write(bytes(2 * PART))
    assert await vault.objects.absent(object_key)


async def test_a_refusal_to_note_the_upload_id_stops_the_upload(vault: Vault, tenant: UUID, object_key: str) -> None:
    async def refuse(_: str) -> None:
        raise Unavailable("database_unavailable")

    with pytest.raises(Unavailable):
        async with vault.writer(tenant, OWNER, 0, object_key, await new_key(vault, tenant), on_upload=refuse) as writer:
            await writer.write(bytes(2 * PART))
    assert await vault.objects.absent(object_key)


async def test_a_writer_cancelled_at_any_moment_leaves_nothing(vault: Vault, tenant: UUID, object_key: str) -> None:
    key = await new_key(vault, tenant)

    async def write_for_ever() -> None:
        async with vault.writer(tenant, OWNER, 0, object_key, key) as writer:
            while True:
                await writer.write(bytes(PART // 4))

    for turns in (1, 3, 6, 10, 15, 30):
        writing = asyncio.create_task(write_for_ever())
        for _ in range(turns):
            await asyncio.sleep(0.002)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert await vault.objects.absent(object_key)


async def test_a_writer_cancelled_while_it_finishes_leaves_nothing(
    vault: Vault, tenant: UUID, object_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await new_key(vault, tenant)
    asked, put = asyncio.Event(), vault.objects.put

    async def note_and_put(place: str, data: bytes) -> Stored:
        asked.set()
        return await put(place, data)

    async def write() -> None:
        async with vault.writer(tenant, OWNER, 0, object_key, key) as writer:
            await writer.write(bytes(PART // 2))
            await writer.finish()

    monkeypatch.setattr(vault.objects, "put", note_and_put)
    writing = asyncio.create_task(write())
    await asked.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await vault.objects.absent(object_key)


async def test_what_a_killed_process_left_is_found_by_the_collector_and_removed(
    vault: Vault, objects: ObjectStore, tenant: UUID, object_key: str
) -> None:
    committed: list[str] = []

    async def commit(upload_id: str) -> None:
        committed.append(upload_id)

    # Neither `finish` nor the end of `async with`: as if the process had been killed.
    key = await new_key(vault, tenant)
    writer = vault.writer(tenant, OWNER, 0, object_key, key, on_upload=commit)
    await writer.write(bytes(3 * PART))
    assert writer._in_flight is not None
    await writer._in_flight

    left = await objects.open_uploads(object_key)
    assert [(upload.object_key, upload.upload_id) for upload in left] == [(object_key, committed[0])]
    assert left[0].started_at is not None
    await vault.keys.destroy(tenant, [key.id])
    await objects.erase(object_key, committed[0])
    assert await objects.open_uploads(object_key) == []
    assert await objects.absent(object_key, committed[0])
    assert await vault.keys.absent(tenant, [key.id])


async def test_a_failing_store_ends_the_upload_in_unavailable(
    keys: KeyStore, fragile: ObjectStore, proxy: "object", tenant: UUID, object_key: str
) -> None:
    vault = Vault(keys, fragile)
    key = await new_key(vault, tenant)
    with pytest.raises(Unavailable):
        async with vault.writer(tenant, OWNER, 0, object_key, key) as writer:
            await writer.write(bytes(PART + FRAME))
            proxy.plan.extend(["refuse"] * 3)  # type: ignore[attr-defined]
            await writer.write(bytes(2 * PART))
            await writer.finish()
    assert await fragile.absent(object_key)


async def test_no_plaintext_reaches_the_stores_disk(
    vault: Vault, object_store_server: Objects, tenant: UUID, object_key: str
) -> None:
    marker, bare = secrets.token_bytes(32), secrets.token_bytes(32)
    await vault.objects.put(f"{object_key}-bare", secrets.token_bytes(100_000) + bare)
    plaintext = (marker + secrets.token_bytes(FRAME)) * 120
    await sealed(vault, tenant, object_key, plaintext)

    def found(string: bytes) -> bool:
        files = [file for file in Path(object_store_server.folder).rglob("*") if file.is_file()]
        return any(string in file.read_bytes() for file in files)

    assert await asyncio.to_thread(found, bare)
    assert not await asyncio.to_thread(found, marker)


async def test_memory_stays_constant_however_long_the_stream(vault: Vault, tenant: UUID, object_key: str) -> None:
    key = await new_key(vault, tenant)
    block = bytes(FRAME)
    tracemalloc.start()
    try:
        async with vault.writer(tenant, OWNER, 0, object_key, key) as writer:
            for _ in range(64 << 4):
                await writer.write(block)
            stored = await writer.finish()
        written = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        reader = vault.reader(tenant, OWNER, 0, object_key, key.id, size=stored.size)
        size = 0
        async for piece in reader.read():
            size += len(piece)
        read = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == stored.size == 64 << 20
    assert written < 20 << 20
    assert read < 8 << 20
