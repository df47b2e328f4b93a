"""The journey as fixtures: walked whole once, and begun anew, as far as a test needs it."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from recital_testing.house import House

from demo.beginning import Begun, begin
from demo.journey import Journey, Outcome, alone

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def run_named() -> Callable[[str], str]:
    """`run_named("sent")`: a word of a journey's own; the house lives as long as the tests."""
    return lambda word: f"{word}-{next(_NUMBERS)}"


@pytest.fixture(scope="session")
def walked_journey(house: House, run_named: Callable[[str], str]) -> Journey:
    return Journey(house, run_named("walked"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def outcome(walked_journey: Journey) -> AsyncIterator[Outcome]:
    """One journey, walked to its end."""
    yield await walked_journey.walk(alone)
    await walked_journey.ask.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def begin_anew(house: House, run_named: Callable[[str], str]) -> AsyncIterator[Callable[[], Awaitable[Begun]]]:
    """`await begin_anew()`: a tenant of its own with a call that has ended and a final permit."""
    journeys: list[Journey] = []

    async def make() -> Begun:
        journeys.append(Journey(house, run_named("begun")))
        return await begin(journeys[-1])

    yield make
    for journey in journeys:
        await journey.ask.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def begun(begin_anew: Callable[[], Awaitable[Begun]]) -> Begun:
    """One that is shared by tests which send nothing that is kept."""
    return await begin_anew()
