"""A package of many recordings streams through constant memory."""

import random
import tracemalloc
from typing import Any
from uuid import UUID

from recital_testing import eventually

RECORDINGS = 40
SIZE = 2 << 20
BOUND = 36 << 20


async def test_forty_recordings_take_no_more_memory_than_a_few(office: Any) -> None:
    sound = random.Random(0).randbytes(SIZE)  # noqa: S311 - noise that does not shrink, no secret
    ids = [str(UUID(int=0x7000 + number)) for number in range(RECORDINGS)]
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

    shown = await eventually(made, within=120)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert shown["package"]["size"] > RECORDINGS * SIZE
    assert shown["package"]["files_done"] == shown["package"]["files_total"] == RECORDINGS + 6
    assert peak < BOUND, f"{peak >> 20} MiB"
