"""Audio that may not come in: under a bad permit not a byte is read, and nothing is ever stored of it."""

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from recital_identity import Role, SigningKey, TokenKind, sign
from recital_testing import eventually
from recital_testing.house import House
from recital_testing.service_secrets import signing_key
from recital_vault import ObjectStore

from demo.asking import As
from demo.beginning import Begun

PIECE = 65_536
TABLES = ("recordings", "tracks", "uploads", "received")
COUNT, OF_TENANT = "select count(*) from", "where tenant_id = $1"


def claims_of(permit: str) -> dict[str, Any]:
    payload = permit.split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return read


def resigned(house: House, begun: Begun, **changed: Any) -> str:
    """The permit with other claims, signed with consent's own key: what consent would have given."""
    key = signing_key(house.places.secrets_of("consent").signing_folder / "permit.pem")
    return sign(TokenKind.PERMIT, claims_of(begun.permit.token) | changed, key)


async def send(house: House, begun: Begun, permit: str | None, content: bytes, **headers: str) -> httpx.Response:
    sent = {"Content-Type": "audio/wav", **({"Recital-Permit": permit} if permit else {}), **headers}
    return await begun.tenant.client("ingest", Role.INTEGRATOR).post("/v1/recordings", content=content, headers=sent)


async def head_only(house: House, begun: Begun, permit: str, media_type: str = "audio/wav") -> tuple[int, str]:
    """Send the head of an upload and not one byte of its body; return status and code of what comes back."""
    url = urlsplit(house.urls["ingest"])
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    head = (
        f"POST /v1/recordings HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: Bearer "
        f"{begun.tenant.token(Role.INTEGRATOR)}\r\nRecital-Permit: {permit}\r\nContent-Type: {media_type}\r\n"
        f"Content-Length: {len(begun.journey.dialogue.wav)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode())
    try:
        async with asyncio.timeout(10):
            answer = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", answer)
            body = await reader.readexactly(int(length[1]) if length else 0)
    finally:
        writer.close()
    return int(answer.split(b" ")[1]), json.loads(body)["code"]


@dataclass(frozen=True, slots=True)
class Stored:
    """What ingest keeps: of one tenant in its tables and keys, of all in the store."""

    rows: dict[str, int]
    objects: frozenset[str]


async def stored(house: House, begun: Begun) -> Stored:
    tenant = begun.tenant.id
    ingest = await house.servers.postgres.connect("ingest")
    keys = await house.servers.postgres.connect("keys")
    store = await ObjectStore.open(house.servers.objects.settings())
    try:
        rows = {table: await ingest.fetchval(f"{COUNT} {table} {OF_TENANT}", tenant) for table in TABLES}
        rows["keys"] = await keys.fetchval(f"{COUNT} ingest.data_keys {OF_TENANT}", tenant)
        objects = frozenset([*await store.list_keys("ingest/"), *map(str, await store.open_uploads("ingest/"))])
    finally:
        await ingest.close()
        await keys.close()
        store.close()
    return Stored(rows, objects)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def begun(begin_anew: Callable[[], Awaitable[Begun]]) -> Begun:
    """One whose permit is in time: it lasts a quarter of an hour."""
    return await begin_anew()


@pytest_asyncio.fixture(loop_scope="session")
async def unchanged(house: House, begun: Begun) -> AsyncIterator[None]:
    """After the test nothing more is stored than before it."""
    before = await stored(house, begun)
    yield

    async def as_before() -> bool:
        now = await stored(house, begun)
        return now.rows == before.rows and now.objects <= before.objects

    await eventually(as_before, within=30, what="nothing of the refused audio is stored")


@pytest.mark.usefixtures("unchanged")
async def test_a_bad_permit_is_403_before_any_audio_is_read(
    house: House, begun: Begun, begin_anew: Callable[[], Awaitable[Begun]]
) -> None:
    other = await begin_anew()
    now = int(house.clock.now().timestamp())
    head, payload, signature = begun.permit.token.split(".")
    forged = f"{head}.{payload}.{signature[:-4]}{'AAAA' if signature[-4:] != 'AAAA' else 'BBBB'}"
    claims = claims_of(begun.permit.token)
    wrong = {
        "permit_forged": forged,
        "permit_unknown_key": sign(TokenKind.PERMIT, claims, SigningKey.generate()),
        "permit_expired": resigned(house, begun, iat=now - 1000, exp=now - 100),
        "permit_not_final": resigned(house, begun, final=False),
        "permit_wrong_tenant": other.permit.token,
        "permit_malformed": "not-a-permit",
    }
    answers = {code: await head_only(house, begun, permit) for code, permit in wrong.items()}
    assert answers == {code: (403, code) for code in wrong}


@pytest.mark.usefixtures("unchanged")
async def test_without_a_permit_it_is_403(house: House, begun: Begun) -> None:
    answer = await send(house, begun, None, begun.journey.dialogue.wav)
    assert answer.status_code == 403


@pytest.mark.usefixtures("unchanged")
async def test_a_media_type_that_is_not_wav_is_415_before_any_audio_is_read(house: House, begun: Begun) -> None:
    assert await head_only(house, begun, begun.permit.token, "text/html") == (415, "audio_not_taken")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "content",
    [b"ID3\x03" + bytes(2_000), b"", b"RIFF", b"<html>" * 100, bytes(100_000)],
    ids=["an MP3 that is only its tag", "empty", "four bytes", "html", "zeros"],
)
async def test_what_only_says_that_it_is_wav_is_415_or_422(house: House, begun: Begun, content: bytes) -> None:
    answer = await send(house, begun, begun.permit.token, content)
    assert answer.status_code in {415, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    # What is of no kind that is taken is 415; what is of one, but damaged, 422.
    if content.startswith((b"<html>", bytes(4))):
        assert answer.status_code == 415


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("left", [30, 57, 58, 1_000, 300_000, 569_551])
async def test_a_truncated_file_is_422(house: House, begun: Begun, left: int) -> None:
    answer = await send(house, begun, begun.permit.token, begun.journey.dialogue.wav[:left])
    assert answer.status_code == 422


@pytest.mark.usefixtures("unchanged")
async def test_audio_that_does_not_fit_the_times_of_the_call_is_422(house: House, begun: Begun) -> None:
    wav = begun.journey.dialogue.wav
    head = wav[: wav.index(b"data") + 8]
    shorter = wav[len(head) : len(wav) // 2]
    fitting = head[:-4] + len(shorter).to_bytes(4, "little") + shorter
    riff = fitting[:4] + (len(fitting) - 8).to_bytes(4, "little") + fitting[8:]
    answer = await send(house, begun, begun.permit.token, riff)
    assert (answer.status_code, answer.json()["code"]) == (422, "audio_not_aligned")


@pytest.mark.usefixtures("unchanged")
async def test_a_body_that_is_not_what_its_digest_says_is_422(house: House, begun: Begun) -> None:
    digest = base64.b64encode(hashlib.sha256(b"another").digest()).decode()
    wav = begun.journey.dialogue.wav
    answer = await send(house, begun, begun.permit.token, wav, **{"Content-Digest": f"sha-256=:{digest}:"})
    assert (answer.status_code, answer.json()["code"]) == (422, "digest_mismatch")


@pytest.mark.usefixtures("unchanged")
async def test_a_sender_who_breaks_off_leaves_nothing(house: House, begun: Begun) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield begun.journey.dialogue.wav[:PIECE]
        raise ConnectionAbortedError

    with pytest.raises((ConnectionAbortedError, httpx.TransportError)):
        await begun.tenant.client("ingest", Role.INTEGRATOR).post(
            "/v1/recordings",
            content=half(),
            headers={"Content-Type": "audio/wav", "Recital-Permit": begun.permit.token},
        )


async def test_a_used_permit_gives_the_same_recording_for_the_same_bytes_and_403_for_others(
    house: House, begin_anew: Callable[[], Awaitable[Begun]]
) -> None:
    begun = await begin_anew()
    wav = begun.journey.dialogue.wav
    first = await send(house, begun, begun.permit.token, wav)
    again = await send(house, begun, begun.permit.token, wav)
    digest = base64.b64encode(hashlib.sha256(wav).digest()).decode()
    unread = await send(house, begun, begun.permit.token, b"unread", **{"Content-Digest": f"sha-256=:{digest}:"})
    other = await send(house, begun, begun.permit.token, wav[:-1] + b"\x00")
    assert (first.status_code, again.status_code, unread.status_code) == (201, 200, 200)
    assert first.json() == again.json() == unread.json()
    assert (other.status_code, other.json()["code"]) == (403, "permit_used")
    listed_now = await begun.journey.ask.get("ingest", "/v1/recordings", As(Role.INTEGRATOR), call=str(begun.call.id))
    assert [each["id"] for each in listed_now["items"]] == [first.json()["id"]]


async def test_a_permit_expires_by_recitals_clock(house: House, begin_anew: Callable[[], Awaitable[Begun]]) -> None:
    begun = await begin_anew()
    await house.advance_clock("PT16M")
    assert await head_only(house, begun, begun.permit.token) == (403, "permit_expired")
    assert (await stored(house, begun)).rows["recordings"] == 0
