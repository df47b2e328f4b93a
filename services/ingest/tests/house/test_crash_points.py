"""The service is killed (SIGKILL) at each point of an upload, and started again: nothing is lost and nothing left.

The short edition walks the points once. The campaign walks them RECITAL_CRASHES times (20), goes on where it was
broken off, and writes its table to docs/campaigns.md.
"""

import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
from recital_ingest.actions.crashpoints import CrashPoint
from recital_ingest.model.sound import Encoding, Sound
from recital_testing import eventually
from recital_testing.campaigns import Done, write_section

CallOf = Callable[..., bytes]
SECONDS = 64  # of 48 kHz PCM: more than one part per track
SOUND = Sound(Encoding.PCM_16, 2, 48_000)
# The points of a trim are no upload's.
POINTS = [each for each in CrashPoint if each.value.startswith("C")]
# From here on the audio is stored, whether or not its sender was told.
STORED = {CrashPoint.C5, CrashPoint.C6, CrashPoint.C7, CrashPoint.C8}
RELAYS = {CrashPoint.C7, CrashPoint.C8}
# Before C2 nothing is written anywhere, and after C8 nothing waits.
SHORT = POINTS[2:-1]
ROUNDS = int(os.environ.get("RECITAL_CRASHES", "20"))
HEADING = "Crash points of an upload"


class Dying:
    """The service of a house, told where to die next; as it was when this closes."""

    def __init__(self, caller: Any) -> None:
        self._caller = caller
        self._process = caller.house.service("ingest").process
        self._told = dict(self._process.environment)

    async def __aenter__(self) -> "Dying":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.at(None)

    async def at(self, point: CrashPoint | None) -> None:
        more = {"RECITAL_INGEST_UPLOAD_LEASE": "PT1S", "RECITAL_INGEST_CRASH_AT": point.value} if point else {}
        self._process.environment = self._told | more
        await self._caller.house.kill("ingest")
        await self._caller.house.start_again("ingest")


async def walk(
    caller: Any, body: bytes, points: list[CrashPoint], after_each: Callable[[CrashPoint, int], Awaitable[None]]
) -> None:
    """One upload, sent again after each crash: the service that comes back is judged, and dies at the next point."""
    kept, last = await caller.left(), None
    permit, _ = await caller.permit(SECONDS)

    async def settled() -> bool:
        return bool(await caller.left() == kept)

    answered = None
    async with Dying(caller) as dying:
        for point in [*points, None]:
            # What waits for the bus is published as the service starts, so it must not die of that.
            await dying.at(None if point in RELAYS else point)
            if last in STORED:
                # Committed, with or without an answer: the sender who asks again gets it, and retention has heard.
                again = await caller.send(permit, body)
                # The relay may have died of another event, before this upload was committed.
                assert again.status_code == 200 or (last in RELAYS and answered is None), again.text
                assert (again.json()["size"], again.is_success) == (len(body), True)
                assert answered is None or answered.json()["id"] == again.json()["id"]
                assert (await caller.granted(again.json()["id"])).status_code == 201
                permit, _ = await caller.permit(SECONDS)
            await eventually(settled, within=60, what=f"what came before {last} is cleared away")
            if last is not None:
                await after_each(last, int(answered is not None))
            if point is None:
                break
            if point in RELAYS:
                await dying.at(point)
            answered = None
            with suppress(httpx.TransportError):
                answered = await caller.send(permit, body)
            assert answered is None or point in STORED, point
            kept, last = kept + 2 * (point in STORED), point
    assert (await caller.send(permit, body)).status_code == 201


async def test_a_crash_at_any_point_loses_nothing_acknowledged_and_leaves_nothing_else(
    caller: Any, call_of: CallOf
) -> None:
    async def passed(_point: CrashPoint, _answered: int) -> None:
        """The assertions are in the walk."""

    await walk(caller, call_of(SECONDS, SOUND), SHORT, passed)


@pytest.mark.campaign
async def test_the_campaign_of_crash_points(caller: Any, call_of: CallOf) -> None:
    file = Done("crashes")
    done = file.all()
    body = call_of(SECONDS, SOUND)

    async def passed(point: CrashPoint, answered: int) -> None:
        done.append({"point": point.value, "answered": answered})
        file.add(done[-1])

    for _ in range(ROUNDS):
        counts = {point: sum(each["point"] == point.value for each in done) for point in POINTS}
        points = [point for point in POINTS if counts[point] < ROUNDS]
        if not points:
            break
        await walk(caller, body, points, passed)
    write_table(done)


def write_table(done: list[dict[str, Any]]) -> None:
    """Write the section of this campaign in its place among the others; a point that failed never gets here."""
    rows = [
        f"| {point.value} | {sum(each['point'] == point.value for each in done)} |"
        f" {sum(each['answered'] for each in done if each['point'] == point.value)} | 0 | 0 |"
        for point in POINTS
    ]
    lines = [
        "Ingest killed (SIGKILL) at each point of an upload of 12 MB that its code names, and started again.",
        "",
        "| point | kills | of them answered 201 before | acknowledged recordings lost | uploads with bytes left |",
        "|---|---:|---:|---:|---:|",
        *rows,
    ]
    write_section(HEADING, lines)
