"""What was said in confidence is nowhere it may not be: marks are sent in, and then everything is searched."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest_asyncio
from recital_identity import Role
from recital_testing.house import SERVICES, House
from recital_testing.loopback import loopback_client
from recital_vault import ObjectStore

from demo.asking import As
from demo.beginning import Begun, begin
from demo.dialogue import Dialogue
from demo.journey import Journey

PIECE = 1 << 20
NAME = "Wilhelmina-Marker-8831"
SOUNDS = ("accepted audio", "refused audio", "truncated audio", "audio no decoder reads", "no audio")


def mark(word: str) -> bytes:
    """32 bytes that occur nowhere by chance."""
    return hashlib.sha256(f"mark of {word}".encode()).digest()


def marked(dialogue: Dialogue, both: bytes) -> bytes:
    """The demo's audio with a mark on both channels: found in the file doubled, in a track as it is."""
    head = dialogue.wav.index(b"data") + 8 + 100_000
    doubled = bytes(each for pair in zip(both, both, strict=True) for each in pair)
    return dialogue.wav[:head] + doubled + dialogue.wav[head + len(doubled) :]


def forms(secret: bytes) -> list[bytes]:
    """A mark as it may be written: as it is, in hex, doubled as stereo samples."""
    return [secret, secret.hex().encode(), bytes(each for pair in zip(secret, secret, strict=True) for each in pair)]


def found_in(folder: Path, secrets: list[bytes]) -> list[str]:
    """The files below a folder that hold one of the secrets."""
    return [str(file) for file in sorted(folder.rglob("*")) if file.is_file() and holds(file, secrets)]


def holds(file: Path, secrets: list[bytes]) -> bool:
    longest = max(map(len, secrets))
    try:
        return any(secret in piece for piece in pieces(file, longest) for secret in secrets)
    except OSError:  # gone meanwhile: a server's own temporary file
        return False


def pieces(file: Path, overlap: int) -> Iterator[bytes]:
    kept = b""
    with file.open("rb") as opened:
        while piece := opened.read(PIECE):
            yield kept + piece
            kept = (kept + piece)[-overlap:]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def confided(house: House, run_named: Callable[[str], str]) -> AsyncIterator[Journey]:
    """A journey in which marks were sent in: a number, a name, a note, an accepted and a refused sound."""
    journey = Journey(house, run_named("confided"))
    begun = await begin(journey)
    wav = marked(journey.dialogue, mark("accepted audio"))
    taken = await send(begun, wav, begun.permit.token)
    assert taken.status_code == 201
    assert (await send(begun, marked(journey.dialogue, mark("refused audio")), "no-permit")).status_code == 403
    truncated = marked(journey.dialogue, mark("truncated audio"))[:-1_000]
    other = await begin(Journey(house, run_named("confided")))
    assert (await send(other, truncated, other.permit.token)).status_code == 422
    assert (await send(other, b"ID3" + mark("audio no decoder reads") * 40_000, other.permit.token)).status_code == 422
    assert (await send(other, b"<!DOCTYPE html>" + mark("no audio") * 40_000, other.permit.token)).status_code == 415
    await other.journey.ask.close()
    body = {
        "kind": "access",
        "identifiers": [{"kind": "number", "value": journey.number}],
        "channel": {"kind": "letter", "address": f"{NAME}, Marker Street 1"},
        "note": f"{NAME} telephoned",
    }
    await journey.ask.post("dsar", "/v1/requests", As(Role.PRIVACY_OFFICER), body)
    await everything_went_out(journey)
    yield journey
    await journey.ask.close()


async def send(begun: Begun, wav: bytes, permit: str) -> httpx.Response:
    headers = {"Content-Type": "audio/wav", "Recital-Permit": permit}
    return await begun.tenant.client("ingest", Role.INTEGRATOR).post("/v1/recordings", content=wav, headers=headers)


async def everything_went_out(journey: Journey) -> None:
    """Wait until no service has an event that was not published, and all of PostgreSQL's pages are on disk."""
    for service in SERVICES:
        connection = await journey.house.servers.postgres.connect(service)
        try:

            async def out() -> bool | None:
                waiting = "select exists (select from outbox where published_at is null)"
                return not await connection.fetchval(waiting) or None  # noqa: B023 - used up within this turn

            await journey.ask.until(out, f"{service}'s events are published")
            await connection.execute("checkpoint")
        finally:
            await connection.close()


def secrets_of(journey: Journey) -> list[bytes]:
    return [journey.number[1:].encode(), NAME.encode()]


def test_a_number_and_a_name_are_in_no_file_of_the_house(house: House, confided: Journey) -> None:
    # R07, R24: neither in logs nor in messages nor in the clear.
    # Tables, their journals, the event store, sealed objects and every log.
    assert found_in(house.places.folder, secrets_of(confided)) == []


def test_the_search_finds_what_is_there(house: House, confided: Journey) -> None:
    assert found_in(house.places.folder / "postgres", [f"exchange-{confided.run}".encode(), confided.run.encode()])


def test_no_audio_is_on_any_disk_in_the_clear(house: House, confided: Journey) -> None:
    # R24
    assert confided
    sounds = [form for sound in SOUNDS for form in forms(mark(sound))]
    for folder in (house.places.folder, *temporary_folders(house)):
        assert found_in(folder, sounds) == [], folder


def temporary_folders(house: House) -> list[Path]:
    """Where programs put what they think nobody sees, but for the house itself."""
    folders = [Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")]
    return [
        child
        for folder in folders
        if folder.is_dir()
        for child in folder.iterdir()
        if child.is_dir() and not house.places.folder.is_relative_to(child) and not other_run(child)
    ]


def other_run(folder: Path) -> bool:
    return folder.name.startswith("recital-tests-")


async def test_no_event_says_who(house: House, confided: Journey) -> None:
    # R07
    secrets, events = secrets_of(confided), []
    for service in SERVICES:
        connection = await house.servers.postgres.connect(service)
        try:
            events += await connection.fetch("select name, data::text as data from outbox")
        finally:
            await connection.close()
    assert {"call.registered", "recording.stored", "request.received"} <= {event["name"] for event in events}
    assert [event["name"] for event in events if any(secret in event["data"].encode() for secret in secrets)] == []


async def test_no_object_key_says_anything(house: House, confided: Journey) -> None:
    store = await ObjectStore.open(house.servers.objects.settings())
    try:
        keys = await store.list_keys("")
    finally:
        store.close()
    assert keys
    words = [confided.run, str(confided.tenant), confided.number[1:]]
    assert [key for key in keys if any(word in key for word in words)] == []


async def test_no_metric_and_no_health_answer_says_who(house: House, confided: Journey) -> None:
    async with loopback_client() as client:
        for service in SERVICES:
            for path in ("/metrics", "/readyz", "/livez"):
                said = (await client.get(f"{house.urls[service]}{path}")).content
                assert not any(secret in said for secret in [*secrets_of(confided), str(confided.tenant).encode()])


def test_every_line_of_a_services_log_has_only_listed_fields(house: House, confided: Journey) -> None:
    assert confided
    for service in SERVICES:
        for line in house.service(service).process.log.read_text().splitlines():
            assert line.startswith("{"), f"{service}: {line}"
