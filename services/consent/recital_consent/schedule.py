"""Time in: erasures and collected parts that are due, calls whose time is over."""

from recital_runtime import Loop

from recital_consent.actions import collecting, completeness, erasing
from recital_consent.actions.means import Means

ERASE, RENDER, LOOK = "erase", "render", "look"


def loops(means: Means) -> list[Loop]:
    """Return the loops, each with its rhythm in seconds."""

    async def erase() -> bool:
        return await erasing.erase_due(means)

    async def render() -> bool:
        return await collecting.collect_due(means)

    async def look() -> bool:
        return await completeness.look_at_due(means)

    return [Loop(ERASE, erase, 1.0), Loop(RENDER, render, 1.0), Loop(LOOK, look, 5.0)]
