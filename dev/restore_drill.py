"""`make restore-drill`: a backup, an erasure, a restore of the older databases, and a look at what comes back: nothing.

It runs a house of its own in a folder of its own. Backed up and restored are the four services' databases and that of
the keys, as a careless operator would: all at once, without a thought. What outlives that is the control ledger.
"""

import asyncio
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from recital_identity import Role
from recital_testing import HouseError, eventually
from recital_testing.files import private_folder
from recital_testing.house import SERVICES, House
from rich.console import Console

from bench.callers import Exchange, opened, wav

FOLDER = Path(__file__).resolve().parent.parent / ".run" / "drill"
SECONDS = 3
WITHIN = 120.0
console = Console(highlight=False, soft_wrap=True)


class Drill:
    """One tenant with two recordings: one is erased after the backup, one is held after it."""

    def __init__(self, house: House, exchange: Exchange) -> None:
        """Nothing is recorded yet."""
        self.house, self.tenant, self.exchange = house, exchange.tenant, exchange
        self.erased = self.held = ""

    async def record(self) -> str:
        """Return a stored recording that retention knows."""
        headers = {"Recital-Permit": await self.exchange.permit(SECONDS), "Content-Type": "audio/wav"}
        ingest = self.tenant.client("ingest", Role.INTEGRATOR)
        answer = (await ingest.post("/v1/recordings", content=wav(SECONDS), headers=headers)).raise_for_status()
        recording = str(answer.json()["id"])
        await self.until(recording, "retained")
        return recording

    async def until(self, recording: str, state: str) -> dict[str, Any]:
        """Return a holding once it is in a state."""
        officer = self.tenant.client("retention", Role.PRIVACY_OFFICER)

        async def reached() -> dict[str, Any] | None:
            answer = await officer.get(f"/v1/holdings/{recording}")
            return answer.json() if answer.status_code == 200 and answer.json()["state"] == state else None

        return await eventually(reached, within=WITHIN, what=f"{recording} is {state}")

    async def hold(self, recording: str) -> str:
        """Place a hold and return its id."""
        counsel = self.tenant.client("retention", Role.LEGAL_COUNSEL)
        wanted = {"reason": "drill", "matter": "drill", "review_on": "2100-01-01", "recordings": [recording]}
        return str((await counsel.post("/v1/holds", json=wanted)).raise_for_status().json()["id"])

    async def backup(self) -> None:
        """Copy the whole database cluster while it stands still, as a snapshot of its volume would."""
        await self._stop()
        await asyncio.to_thread(shutil.copytree, self._cluster, self._copy, symlinks=True)
        await self._start(("postgres", *SERVICES))

    async def restore(self) -> None:
        """Put the copy in the place of the cluster, and start everything on it."""
        await self._stop()
        await asyncio.to_thread(shutil.rmtree, self._cluster)
        await asyncio.to_thread(shutil.move, self._copy, self._cluster)
        await self._start(("postgres",))
        for name in SERVICES:
            said = await self.house.service(name).command("restored")
            if said.returncode:
                raise HouseError(f"{name} cannot be told that it was restored: {said.stderr}")
        await self._start(SERVICES)

    @property
    def _cluster(self) -> Path:
        return self.house.servers.postgres.folder / "data"

    @property
    def _copy(self) -> Path:
        return self.house.servers.postgres.folder / "backup"

    async def _stop(self) -> None:
        await asyncio.gather(*(self.house.row(name).stop() for name in SERVICES))
        await self.house.row("postgres").stop()

    async def _start(self, names: Sequence[str]) -> None:
        for name in names:
            await self.house.start_again(name)

    async def look(self) -> list[str]:
        """Return what came back although it was erased, and what was lost although it was held."""
        wrong = []
        officer = self.tenant.client("ingest", Role.PRIVACY_OFFICER)
        found = await officer.get(f"/v1/recordings/{self.erased}")
        if found.status_code != 410:
            wrong.append(f"the erased recording answers {found.status_code}, not 410")
        grant = {"purpose": "contract", "reason": "drill"}
        case = self.tenant.client("ingest", Role.CASE_HANDLER)
        heard = await case.post(f"/v1/recordings/{self.erased}/grants", json=grant)
        if heard.is_success:
            wrong.append("the erased recording can be listened to")
        kept = await self.until(self.held, "due")
        if kept["kept_by"] != ["held"]:
            wrong.append(f"the held recording is kept by {kept['kept_by']}")
        if (await officer.get(f"/v1/recordings/{self.held}")).status_code != 200:
            wrong.append("the held recording is gone")
        return wrong


async def drill(house: House) -> list[str]:
    """Run the drill in a started house and return what went wrong."""
    _say("A call is recorded twice, and everything is backed up: four databases and the keys.")
    run = Drill(house, await opened(house))
    run.erased, run.held = await run.record(), await run.record()
    await run.backup()
    _say(
        "After the backup one recording is put under a hold; half a year passes, and the other is erased and certified."
    )
    hold = await run.hold(run.held)
    await house.advance_clock("P6M1D")
    certificate = (await run.until(run.erased, "erased"))["certificate"]
    console.print(f"   certificate {certificate}")
    _say(
        "The backup is restored: every database is half a year older, and its keys are back. Each service is told so"
        " (`restored`), and starts."
    )
    await run.restore()
    await house.advance_clock("P6M1D")
    console.print("   each applied what the control ledger remembers before it served")
    _say("What was erased is looked for, and what was held.")
    again = await run.until(run.erased, "erased")
    console.print(f"   erased once more, under the same order: certificate {again['certificate']}")
    console.print(f"   hold {hold} is in force again")
    console.print(f"   a call recorded now reaches every service: recording {await run.record()}")
    return await run.look()


async def main() -> int:
    """Run it in a house of its own and say how it ended."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    house = House(private_folder(FOLDER), say=lambda step: console.print(f"[dim]{step}[/dim]"))
    await house.start()
    try:
        wrong = await drill(house)
    except (HouseError, httpx.HTTPError) as error:
        wrong = [str(error)]
    finally:
        await house.stop()
    for each in wrong:
        console.print(f"[red]{each}[/red]")
    console.print("[red]The drill failed.[/red]" if wrong else "[green]Nothing that was erased came back.[/green]")
    return 1 if wrong else 0


def _say(step: str) -> None:
    console.print(f"\n[b]{step}[/b]")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
