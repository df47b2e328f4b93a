"""Time in: erasures and collections that are due, given-up uploads, stray keys, read-backs."""

from collections.abc import Callable

from recital_runtime import Loop

from recital_ingest.actions import annotating, clearing, collecting, confirming, erasing, forgetting
from recital_ingest.actions.means import Means

ERASE, RENDER, RECTIFY = "erase", "render", "rectify"


def loops(means: Means, behind: Callable[[int, float], None]) -> list[Loop]:
    """Return the loops, each with its rhythm in seconds. `behind` is told how far reading back is."""

    async def erase() -> bool:
        return await erasing.erase_due(means)

    async def render() -> bool:
        return await collecting.collect_due(means)

    async def collect() -> bool:
        return await clearing.collect(means)

    async def read_back() -> bool:
        return await confirming.read_back_due(means)

    async def rectify() -> bool:
        return await annotating.rectify_due(means)

    async def forget() -> bool:
        return await forgetting.forget_listening(means)

    async def measure() -> bool:
        return await confirming.measure(means, behind)

    return [
        Loop(ERASE, erase, 1.0),
        Loop(RENDER, render, 1.0),
        Loop("collect", collect, 5.0),
        Loop(RECTIFY, rectify, 5.0),
        Loop("forget_listening", forget, 3_600.0),
        Loop("read_back", read_back, 5.0),
        Loop("measure_read_back", measure, 10.0),
        Loop("sweep_keys", clearing.KeySweep(means).run, 3_600.0),
    ]
