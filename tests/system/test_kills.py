"""Any service, killed at any moment of the journey and started again: the journey ends the same.

The short edition kills each service once, at a moment drawn with a fixed seed. The campaign walks as many journeys as
RECITAL_KILLS says, goes on where it was broken off, and writes its table to docs/campaigns.md.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from recital_testing.campaigns import Done, write_section
from recital_testing.house import SERVICES, House

from demo.journey import STEPS, Journey, Outcome, T
from demo.judging import faults_of

SEED = 20_260_101
SHORT_JOURNEYS, SHORT_KILLS = 1, 4
LONGEST_DELAY = 0.6  # seconds after a step has begun
KILLS = int(os.environ.get("RECITAL_KILLS", "200"))


@dataclass(frozen=True, slots=True)
class Kill:
    """One service, so many seconds after a step has begun."""

    service: str
    step: str
    after: float


class Killer:
    """Goes along, and kills at its moments; what it kills runs again before the next step begins."""

    def __init__(self, house: House, kills: list[Kill]) -> None:
        self.house, self.kills = house, kills
        self.done: list[Kill] = []

    async def __call__(self, step: str, act: Callable[[], Awaitable[T]], /) -> T:
        now = [kill for kill in self.kills if kill.step == step]
        killing = asyncio.create_task(self._kill(now))
        try:
            return await act()
        finally:
            await killing

    async def _kill(self, kills: list[Kill]) -> None:
        for kill in sorted(kills, key=lambda each: each.after):
            await asyncio.sleep(kill.after)  # the moment itself, not waiting for an effect
            await self.house.kill(kill.service)
            await self.house.start_again(kill.service)
            self.done.append(kill)


def drawn(random_: random.Random, number: int) -> list[Kill]:
    """So many moments, spread over services and steps."""
    services = [SERVICES[place % len(SERVICES)] for place in range(number)]
    steps = random_.sample(STEPS, number)
    return [
        Kill(service, step, round(random_.uniform(0, LONGEST_DELAY), 3))
        for service, step in zip(services, steps, strict=True)
    ]


def ending(outcome: Outcome) -> dict[str, Any]:
    """What must be the same however often somebody was killed."""
    return {
        "denied": [each["code"] for each in outcome.denied],
        "tracks": [(track["parties"], track["size"], track["sha256"]) for track in outcome.recording.tracks],
        "received": outcome.recording.received_sha256,
        "heard": outcome.heard.sha256,
        "parts": outcome.collected.parts,
        "items": Counter((item["service"], item["kind"]) for item in outcome.collected.items),
        "files": sorted(name.rpartition("/")[0] + Path(name).suffix for name in outcome.package.files),
        "certified": Counter(each.split()[0] for each in outcome.certificates),
        "places": sorted(
            # A package that was begun again has places of each attempt, and all are proved empty.
            (name.split()[0], sorted({place["kind"] for place in each.places}))
            for name, each in outcome.certificates.items()
        ),
        "silenced": outcome.silenced.answers,
        "rest": outcome.rest,
    }


def differences(killed: Outcome, undisturbed: Outcome) -> list[str]:
    """What did not end the same."""
    one, other = ending(killed), ending(undisturbed)
    return [f"{name}: {one[name]} instead of {other[name]}" for name in one if one[name] != other[name]]


async def walk_with(house: House, run: str, kills: list[Kill]) -> tuple[Outcome, Killer]:
    journey, killer = Journey(house, run), Killer(house, kills)
    try:
        return await journey.walk(killer), killer
    finally:
        await journey.ask.close()
        for service, pid in house.running_rows().items():
            if pid is None:
                await house.start_again(service)


@pytest.mark.parametrize("number", range(SHORT_JOURNEYS))
async def test_whoever_is_killed_the_journey_ends_the_same(
    house: House, outcome: Outcome, run_named: Callable[[str], str], number: int
) -> None:
    kills = drawn(random.Random(SEED + number), SHORT_KILLS)  # noqa: S311 - a draw that can be repeated
    killed, killer = await walk_with(house, run_named("killed"), kills)
    assert len(killer.done) == SHORT_KILLS
    assert [*faults_of(killed), *differences(killed, outcome)] == []
    await nothing_was_lost_or_doubled(house, killed)


async def nothing_was_lost_or_doubled(house: House, outcome: Outcome) -> None:
    found = {}
    for service in SERVICES:
        connection = await house.servers.postgres.connect(service)
        try:
            found[service] = await connection.fetchval(
                "select count(*) from dead_letters where tenant_id = $1", outcome.tenant
            )
        finally:
            await connection.close()
    assert found == dict.fromkeys(SERVICES, 0)
    ingest = await house.servers.postgres.connect("ingest")
    try:
        count = "select count(*) from recordings where tenant_id = $1"
        assert await ingest.fetchval(count, outcome.tenant) == 1
    finally:
        await ingest.close()


@pytest.mark.campaign
async def test_the_campaign_of_kills(house: House, outcome: Outcome, run_named: Callable[[str], str]) -> None:
    kept = Done("kills")
    for number in range(len(kept.all()), KILLS):
        [kill] = drawn(random.Random(SEED * 1_000 + number), 1)  # noqa: S311 - a draw that can be repeated
        kill = Kill(SERVICES[number % len(SERVICES)], STEPS[number // len(SERVICES) % len(STEPS)], kill.after)
        killed, _ = await walk_with(house, run_named("campaign"), [kill])
        kept.add(asdict(kill) | {"differs": [*faults_of(killed), *differences(killed, outcome)]})
    done = kept.all()
    write_table(done)
    assert [each for each in done if each["differs"]] == []


def write_table(done: list[dict[str, Any]]) -> None:
    rows = [
        f"| {service} | {sum(each['service'] == service for each in done)} | {len(steps_of(done, service))} | "
        f"{sum(each['service'] == service and bool(each['differs']) for each in done)} |"
        for service in SERVICES
    ]
    write_section(
        "Kills",
        [
            f"One service killed (SIGKILL) in each of {len(done)} journeys, up to {LONGEST_DELAY:g} s after a step",
            "began, and started again.",
            "",
            "| service | kills | steps | journeys that ended otherwise |",
            "|---|---:|---:|---:|",
            *rows,
        ],
    )


def steps_of(done: list[dict[str, Any]], service: str) -> set[str]:
    return {each["step"] for each in done if each["service"] == service}
