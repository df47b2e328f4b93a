"""A package of many recordings streams through constant memory."""

import random
import tracemalloc
from typing import Any
from uuid import UUID

import pytest
from recital_testing import eventually

BOUND = 36 << 20


@pytest.mark.parametrize(
    ("recordings", "size"), [(20, 2 << 20), pytest.param(1000, 1 << 20, marks=pytest.mark.campaign)]
)
async def test_many_recordings_take_no_more_memory_than_a_few(office: Any, recordings: int, size: int) -> None:
    sound = random.Random(0).randbytes(size)  # noqa: S311 - noise that does not shrink, no secret
    ids = [str(UUID(int=0x7000 + number)) for number in range(recordings)]
    items = [{"kind": "recording", "id": each, "at": "2026-11-20T10:00:00Z", "parties": office.voices} for each in ids]
    office.part("ingest", *items)
    office.script.audio = dict.fromkeys(ids, sound)
    request, _ = await office.reviewed()
    await office.post(f"/{request}/decisions", {"all": True, "decision": "give"})
    tracemalloc.start()
    await office.post(f"/{request}/package")

    async def made() -> dict[str, Any] | None:
        shown: dict[str, Any] = await office.show(request)
        return shown if shown["state"] == "ready" else None

    shown = await eventually(made, within=recordings * 3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert shown["package"]["size"] > recordings * size
    assert shown["package"]["files_done"] == shown["package"]["files_total"] == recordings + 6
    assert peak < BOUND, f"{peak >> 20} MiB"
