"""Time in: erasures and collected parts that are due, calls whose time is over, statements on their way,
corrections to fetch, keys.
"""

from recital_runtime import Loop

from recital_consent.actions import closing, collecting, completeness, erasing, rectifying, stating, sweeping
from recital_consent.actions.means import Means

ERASE, RENDER, LOOK, END, REACH, SWEEP = "erase", "render", "look", "end", "reach", "sweep"
RECTIFY = "rectify"


def loops(means: Means) -> list[Loop]:
    """Return the loops, each with its rhythm in seconds."""

    async def erase() -> bool:
        return await erasing.erase_due(means)

    async def render() -> bool:
        return await collecting.collect_due(means)

    async def look() -> bool:
        return await completeness.look_at_due(means)

    async def end() -> bool:
        return await closing.destroy_keys(means)

    async def reach() -> bool:
        return await stating.reach_due(means)

    async def rectify() -> bool:
        return await rectifying.rectify_due(means)

    async def sweep() -> bool:
        return await sweeping.sweep_keys(means)

    return [
        Loop(ERASE, erase, 1.0),
        Loop(RENDER, render, 1.0),
        Loop(LOOK, look, 5.0),
        Loop(END, end, 30.0),
        Loop(REACH, reach, 1.0),
        Loop(RECTIFY, rectify, 5.0),
        Loop(SWEEP, sweep, 600.0),
    ]
