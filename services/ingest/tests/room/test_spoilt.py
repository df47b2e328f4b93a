"""Thousands of spoilt compressed files: each is refused in good order, or what is kept is what was sent.

The short edition sends a few of each format. The campaign sends RECITAL_SPOILT of each (350), goes on where it was
broken off, and writes its table to docs/campaigns.md.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recital_ingest.model.container import Container
from recital_testing.campaigns import Done, write_section

from services.ingest.tests.room.test_compressed import WHOLE, encoded, heard

EACH = int(os.environ.get("RECITAL_SPOILT", "350"))
SECOND = {"audio_ended_at": "2026-11-24T09:00:01Z"}
ANSWERS = (201, 415, 422)
AT_ONCE = 4
# Far above what any may take, the machine being busy: none may hang.
WITHIN = 30.0


def spoilt(file: bytes, turn: int) -> bytes:
    """Cut a file off, flip a bit of it, or put a lie in it: in turn, each elsewhere, the same every time."""
    chance = np.random.default_rng(turn)
    place = int(chance.integers(0, len(file) if turn % 2 else min(400, len(file) - 4)))
    changed = bytearray(file)
    if turn % 3 == 0:
        del changed[place:]
    elif turn % 3 == 1:
        changed[place] ^= 1 << int(chance.integers(0, 8))
    else:
        changed[place : place + 4] = int(chance.integers(0, 1 << 32)).to_bytes(4, "big")
    return bytes(changed)


async def judged(room: Any, container: Container, file: bytes) -> int:
    """Send a file, and play what was taken; return the answer to it."""
    async with asyncio.timeout(WITHIN):
        answer = await room.send(room.permit(**WHOLE, **SECOND), file, Content_Type=container.media_type)
        assert answer.status_code in ANSWERS, answer.text
        if answer.status_code == 201 and answer.json()["masks"] == []:
            assert (await heard(room, answer.json())).content == file
        return int(answer.status_code)


async def all_judged(room: Any, folder: Path, turns: Iterable[tuple[Container, int]], done: Any) -> None:
    """Send each, a few at once, and tell each answer to `done`."""
    files = {container: encoded(container, folder, seconds=1) for container in Container}
    places = asyncio.Semaphore(AT_ONCE)

    async def one(container: Container, turn: int) -> None:
        async with places:
            began = time.perf_counter()
            status = await judged(room, container, spoilt(files[container], turn))
            took = round((time.perf_counter() - began) * 1000)
            done({"format": container.value, "turn": turn, "status": status, "ms": took})

    async with asyncio.TaskGroup() as group:
        for container, turn in turns:
            group.create_task(one(container, turn))


async def test_a_spoilt_compressed_file_is_refused_or_comes_back_as_it_was_sent(room: Any, tmp_path: Path) -> None:
    said: list[dict[str, Any]] = []
    await all_judged(room, tmp_path, [(container, turn) for container in Container for turn in range(3)], said.append)
    assert len(said) == 3 * len(Container)


@pytest.mark.campaign
async def test_the_campaign_of_spoilt_compressed_files(room: Any, tmp_path: Path) -> None:
    file = Done("spoilt")
    there = {(each["format"], each["turn"]) for each in file.all()}
    left = [
        (container, turn) for turn in range(EACH) for container in Container if (container.value, turn) not in there
    ]
    await all_judged(room, tmp_path, left, file.add)
    write_table(file.all())


def write_table(done: list[dict[str, Any]]) -> None:
    """Write the section of this campaign; a file that was answered otherwise never gets here."""
    rows = []
    for container in Container:
        said = Counter(each["status"] for each in done if each["format"] == container.value)
        refused = said.total() - said[201]
        rows.append(f"| {container.value} | {said.total()} | {refused} | {said[201]} | 0 |")
    write_section(
        "Spoilt compressed files",
        [
            "Each file cut off, with a bit flipped or with four bytes of anything in it, sent through the door of the",
            "service. What is kept as it is must come back byte for byte.",
            "",
            "| format | files | refused (4xx) | kept | anything else |",
            "|---|---:|---:|---:|---:|",
            *rows,
        ],
    )
