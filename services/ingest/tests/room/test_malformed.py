"""Thousands of malformed WAV files: each is refused in good order, or what is kept is what was sent."""

import asyncio
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any

import numpy as np
import pytest
from recital_errors import Malformed, UnsupportedMedia
from recital_ingest.decisions.admission import Digests
from recital_ingest.decisions.reception import Reception
from recital_ingest.model.permit import Permit
from recital_ingest.model.sound import Encoding, Sound, interleave
from recital_testing.campaigns import Done, write_section

MakePermit = Callable[..., Permit]
MakeWav = Callable[..., bytes]
MakeSamples = Callable[..., bytes]
SHORT = "2026-11-24T09:00:00.025000+00:00"
KINDS: dict[str, tuple[Sound, dict[str, Any]]] = {
    "mu-law": (Sound(Encoding.MU_LAW, 2, 8_000), {"after": ((b"LIST", b"abc"),)}),
    "A-law, RF64": (Sound(Encoding.A_LAW, 2, 8_000), {"form": b"RF64", "before": ((b"bext", b"x"),)}),
    "PCM, extensible": (Sound(Encoding.PCM_16, 2, 8_000), {"extensible": True}),
    "PCM, live": (Sound(Encoding.PCM_16, 2, 8_000), {"data_size": 0xFFFFFFFF, "riff_size": 0xFFFFFFFF}),
}

# Sizes that a header may lie about: nothing, too little, too much, and what live writers put there.
LIES = (0, 1, 3, 7, 0x7FFF, 0x7FFFFFFF, 0x7FFFF000, 0xFFFFFFF0, 0xFFFFFFFF)


def truncated(file: bytes) -> Iterator[tuple[str, bytes]]:
    """Cut it off at every byte."""
    for end in range(len(file)):
        yield f"cut at {end}", file[:end]


def lying(file: bytes, until: int) -> Iterator[tuple[str, bytes]]:
    """Put a lie in every place of the first bytes where a number of 2 or 4 bytes may stand."""
    for place in range(min(until, len(file) - 4)):
        for lie in LIES:
            yield f"{lie:#x} at {place}", file[:place] + struct.pack("<I", lie) + file[place + 4 :]
        for lie in (0, 1, 0xFFFF):
            yield f"short {lie:#x} at {place}", file[:place] + struct.pack("<H", lie) + file[place + 2 :]


def flipped(file: bytes, until: int, *, further: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Flip every bit of the first bytes, and so many elsewhere."""
    elsewhere = np.random.default_rng(seed).integers(until * 8, len(file) * 8, further)
    for bit in [*range(min(until, len(file)) * 8), *elsewhere.tolist()]:
        spoilt = bytearray(file)
        spoilt[bit // 8] ^= 1 << bit % 8
        yield f"bit {bit}", bytes(spoilt)


def extended(file: bytes) -> Iterator[tuple[str, bytes]]:
    """Put something before, after and twice."""
    for name, more in (("zeros", bytes(64)), ("a page", b"<html></html>"), ("itself", file)):
        yield f"{name} before", more + file
        yield f"{name} after", file + more


def spoilt(file: bytes) -> Iterator[tuple[str, bytes]]:
    """Spoil a file in every way."""
    head = 100
    return chain(truncated(file), lying(file, head), flipped(file, head, further=300, seed=7), extended(file))


def kept(permit: Permit, file: bytes, sound: Sound) -> bytes | None:
    """Return what would come back of a file; None where it is refused. Anything but a refusal is a failure."""
    reception = Reception(permit, length=len(file), stated=Digests())
    tracks = [bytearray() for _ in range(sound.channels)]
    try:
        for channel, more in enumerate(reception.take(file)):
            tracks[channel] += more
        received = reception.finish()
    except (Malformed, UnsupportedMedia):
        return None
    assert received.original is not None
    audio = interleave(received.sound, [bytes(track) for track in tracks], received.frames).tobytes()
    return received.original.head + audio + received.original.tail


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.campaign), 5])
@pytest.mark.parametrize("kind", KINDS)
def test_a_malformed_file_is_refused_or_comes_back_as_it_was_sent(
    permit: MakePermit, wav: MakeWav, samples: MakeSamples, kind: str, every: int
) -> None:
    sound, odd = KINDS[kind]
    file = wav(sound, samples(sound, 200), **odd)
    # The call goes on for a while, so that a file is judged by what it is and not by where it lies.
    allowed = permit(audio_ended_at=SHORT)
    assert kept(allowed, file, sound) == file
    outcomes = {True: 0, False: 0}
    for name, each in islice(spoilt(file), None, None, every):
        back = kept(allowed, each, sound)
        assert back is None or back == each, name
        outcomes[back is None] += 1
    assert sum(outcomes.values()) > 2_000 // every
    assert min(outcomes.values()) > 100 // every


async def all_sent(
    room: Any, files: Iterable[tuple[str, str, bytes]], done: Callable[[dict[str, Any]], None]
) -> Counter[int]:
    """Send each file of a kind, a few at once, play what is taken, and tell each answer to `done`; count them."""
    turns, outcomes = asyncio.Semaphore(8), Counter[int]()

    async def send(kind: str, name: str, file: bytes) -> None:
        async with turns:
            answer = await room.send(room.permit(audio_ended_at=SHORT), file)
            assert answer.status_code in (201, 415, 422), (name, answer.text)
            if answer.status_code == 201:
                grant = await room.grant(answer.json()["id"])
                assert (await room.play(answer.json()["id"], grant.json()["id"])).content == file, name
            outcomes[answer.status_code] += 1
            done({"kind": kind, "name": name, "status": answer.status_code})

    async with asyncio.TaskGroup() as group:
        for kind, name, file in files:
            group.create_task(send(kind, name, file))
    assert await room.left() == (0, outcomes[201], 2 * outcomes[201], 0)
    return outcomes


def chosen(wav: MakeWav, samples: MakeSamples, every: int) -> Iterator[tuple[str, str, bytes]]:
    for kind, (sound, odd) in KINDS.items():
        for name, file in islice(spoilt(wav(sound, samples(sound, 200), **odd)), None, None, every):
            yield kind, name, file


async def test_a_malformed_file_that_comes_in_through_the_door_is_refused_or_comes_back_as_it_was_sent(
    room: Any, wav: MakeWav, samples: MakeSamples
) -> None:
    outcomes = await all_sent(room, chosen(wav, samples, 500), lambda _: None)
    assert min(outcomes[status] for status in (201, 415, 422)) > 0


@pytest.mark.campaign
async def test_the_campaign_of_malformed_files_through_the_door(room: Any, wav: MakeWav, samples: MakeSamples) -> None:
    """Goes on where it was broken off, and writes its table to docs/campaigns.md."""
    file = Done("malformed")
    there = {(each["kind"], each["name"]) for each in file.all()}
    await all_sent(room, (each for each in chosen(wav, samples, 5) if each[:2] not in there), file.add)
    rows = []
    for kind in KINDS:
        said = Counter(each["status"] for each in file.all() if each["kind"] == kind)
        rows.append(f"| {kind} | {said.total()} | {said.total() - said[201]} | {said[201]} | 0 |")
    write_section(
        "Malformed WAV files through the door",
        [
            "Every fifth of them sent to the service, which read, sealed and stored it or refused it; what it took was",
            "played under a grant and came back byte for byte.",
            "",
            "| format | files | refused (4xx) | kept, and came back as sent | anything else |",
            "|---|---:|---:|---:|---:|",
            *rows,
        ],
    )
