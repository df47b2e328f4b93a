"""`make demo`: the journey told to a person. Uses the house that runs, or starts one and stops it at the end."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import httpx
from recital_testing import HouseError
from recital_testing.house import FIRST_PORT, House

from demo.asking import RefusedError
from demo.checking import NotProvedError
from demo.journey import Journey
from demo.judging import faults_of
from demo.telling import Teller

FOLDER = Path(os.environ.get("RECITAL_FOLDER") or Path(__file__).resolve().parent.parent / ".run")


class NotAsToldError(Exception):
    """The journey came to its end, but not to the end it should have."""


async def main() -> int:
    """Tell the journey; return the exit code."""
    teller = Teller()
    _stop_on_signal()
    teller.title("Recital: one call, from its notice to its certified erasure")
    try:
        await _tell(teller)
    except asyncio.CancelledError:
        teller.console.print("\nstopped.")
        return 130
    except (HouseError, RefusedError, NotProvedError, NotAsToldError, TimeoutError, httpx.TransportError) as error:
        teller.console.print(f"\n{type(error).__name__}: {error}", style="red", markup=False)
        return 1
    return 0


async def _tell(teller: Teller) -> None:
    house, tenant = await _running(teller)
    if house is not None:
        try:
            await _walk(teller, house, tenant)
        finally:
            await house.close_clients()
        return
    named = os.environ.get("RECITAL_PORT", str(FIRST_PORT))
    house = House(FOLDER, first_port=int(named) or None, say=teller.doing)
    await house.start()
    try:
        await _walk(teller, house, None)
    finally:
        await house.stop()
        teller.doing("everything is stopped")


async def _walk(teller: Teller, house: House, tenant: UUID | None) -> None:
    journey = Journey(house, secrets.token_hex(4), tenant=tenant)
    try:
        faults = faults_of(await journey.walk(teller))
    finally:
        await journey.ask.close()
    if faults:
        raise NotAsToldError("; ".join(faults))
    teller.where(house.places.folder, places(house))


async def _running(teller: Teller) -> tuple[House | None, UUID | None]:
    """Return the house that runs from the folder, and its first tenant; None where nothing runs."""
    try:
        house = House.running(FOLDER)
    except HouseError:
        return None, None
    if house.running_rows()["consent"] is None:
        return None, None
    teller.doing(f"using what runs from {FOLDER}; its clock will be moved by half a year")
    tenants = house.tenants()
    return house, tenants[0].id if tenants else None


def places(house: House) -> Mapping[str, str]:
    """Return where a house keeps what."""
    servers = house.servers
    return {
        "Tables, ledgers": f"PostgreSQL in {servers.postgres.folder}, a database per service",
        "Keys": "the database `keys` there, wrapped by root keys in " + str(house.places.secrets),
        "Audio, packages": f"sealed, {servers.objects.kind} in {servers.objects.folder}",
        "Events": f"NATS in {servers.nats.folder}; ids only, never who or what number",
        "Logs": f"{house.places.processes}; ids only",
    }


def _stop_on_signal() -> None:
    """Let Ctrl-C cancel the work once: what follows is already the stopping."""
    task, asked = asyncio.current_task(), list[bool]()

    def ask() -> None:
        if task is not None and not asked:
            asked.append(True)
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ask)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
