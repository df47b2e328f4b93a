"""Time in: erasures and collections that are due, uploads that were given up, keys that nothing names."""

from recital_runtime import Loop

from recital_ingest.actions import clearing, collecting, erasing
from recital_ingest.actions.means import Means

ERASE, RENDER = "erase", "render"


def loops(means: Means) -> list[Loop]:
    """Return the loops, each with its rhythm in seconds."""

    async def erase() -> bool:
        return await erasing.erase_due(means)

    async def render() -> bool:
        return await collecting.collect_due(means)

    async def collect() -> bool:
        return await clearing.collect(means)

    return [
        Loop(ERASE, erase, 1.0),
        Loop(RENDER, render, 1.0),
        Loop("collect", collect, 5.0),
        Loop("sweep_keys", clearing.KeySweep(means).run, 3_600.0),
    ]
