"""`make run`, `start`, `stop`, `status` and `clock`: the house from the command line.

What runs, how it is prepared and how it stops is decided in recital_testing.house; here is only what a person sees.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from recital_testing import HouseError, eventually
from recital_testing.house import FIRST_PORT, SERVICES, House, open_local_tenants
from recital_testing.loopback import loopback_client
from recital_testing.processes import running_pid, write_pid_file
from rich.console import Console
from rich.table import Table

FOLDER = Path(os.environ.get("RECITAL_FOLDER") or Path(__file__).resolve().parent.parent / ".run")
RUNNER = FOLDER / "runner.pid"
LOOK_EVERY = 0.5  # seconds between two looks at the processes
RENEW_EVERY = 3600  # seconds between two writings of the tokens
# A process that ended by itself is started again, this often in one run.
STARTS_AGAIN = 5

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
# Where it is no terminal, as in a log, lines are as long as what they say.
console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)


class Steps:
    """Says what is being done, and how long the step before took."""

    def __init__(self) -> None:
        self._since: float | None = None

    def __call__(self, step: str) -> None:
        """Begin a step."""
        self.done()
        self._since = time.monotonic()
        console.print(f"{step} ...", end=" ")

    def done(self) -> None:
        """End the last step."""
        if self._since is not None:
            console.print(f"{time.monotonic() - self._since:.1f} s")
        self._since = None


@app.command()
def run() -> None:
    """Start everything and stay; Ctrl-C stops all."""
    _do(_run())


@app.command()
def start() -> None:
    """Start everything in the background."""
    _do(_start())


@app.command()
def stop(*, quiet: bool = False) -> None:
    """Stop what runs from this folder, whoever started it."""
    _do(_stop(quiet=quiet))


@app.command()
def status() -> None:
    """Show what runs and how it is; exit 1 when not everything is ready."""
    _do(_status())


@app.command()
def clock(advance: Annotated[str, typer.Argument(help="An ISO 8601 duration, such as P6M or PT30M.")]) -> None:
    """Move the running services' clock ahead."""
    _do(_clock(advance))


async def _run() -> None:
    house, steps = _new_house(guarded=True)
    _stop_on_signal()
    if not await _opened(house, steps):
        return
    try:
        write_pid_file(RUNNER, os.getpid())
        _show(house)
        console.print("\nRunning. Ctrl-C stops everything.")
        await _stay(house)
    except asyncio.CancelledError:
        console.print("\nstopping ...", end=" ")
    finally:
        await house.stop()
        RUNNER.unlink(missing_ok=True)
    console.print("nothing of Recital runs any more.")


async def _start() -> None:
    house, steps = _new_house(guarded=False)
    _stop_on_signal()
    if not await _opened(house, steps):
        return
    _show(house)
    await house.close_clients()
    console.print("\nRunning in the background: `make status`, `make stop`.")


async def _opened(house: House, steps: Steps) -> bool:
    """Start the house and open its two tenants; false when a person ended that, and then nothing runs."""
    try:
        await house.start()
        try:
            steps("opening two tenants")
            await open_local_tenants(house)
            steps.done()
        except BaseException:
            await house.stop()
            raise
    except asyncio.CancelledError:
        console.print("\nstopped: nothing of Recital runs.")
        return False
    return True


async def _stay(house: House) -> None:
    """Start again what ends by itself, as a production scheduler would, and keep the tokens in time."""
    again: dict[str, int] = {}
    renewed = time.monotonic()
    while True:
        await asyncio.sleep(LOOK_EVERY)
        for name, pid in house.running_rows().items():
            if pid is None:
                again[name] = again.get(name, 0) + 1
                if again[name] > STARTS_AGAIN:
                    raise HouseError(f"{name} ends again and again; see {house.row(name).process.log}")
                console.print(f"{name} has ended; starting it again")
                await house.start_again(name)
        if time.monotonic() - renewed > RENEW_EVERY:
            renewed = time.monotonic()
            await house.read_clock()
            house.write_endpoints()


async def _stop(*, quiet: bool) -> None:
    house = _found_house()
    runner = running_pid(RUNNER)
    ran = runner is not None or any(pid is not None for pid in house.running_rows().values())
    if runner is not None:
        os.kill(runner, signal.SIGTERM)
        await eventually(_runner_is_gone, within=90, what=f"process {runner} (`make run`) stops")
    await house.stop()
    if not quiet:
        console.print("stopped: nothing of Recital runs any more." if ran else "nothing of Recital was running.")


async def _runner_is_gone() -> bool:
    return running_pid(RUNNER) is None


async def _status() -> None:
    house = _found_house()
    table = Table(box=None, pad_edge=False)
    for column in ("", "process", "where", "how"):
        table.add_column(column)
    well = True
    async with loopback_client() as client:
        for name, pid in house.running_rows().items():
            ready = (
                (await house.service(name).health(client)).get("status", "no answer") if name in SERVICES else "runs"
            )
            how = ready if pid is not None else "does not run"
            well = well and how in {"ready", "runs"}
            table.add_row(name, str(pid or ""), _where(house, name) if pid is not None else "", how)
    console.print(table)
    if house.places.endpoints.exists():
        console.print(f"addresses and tokens: {house.places.endpoints}")
    if not well:
        raise typer.Exit(1)


async def _clock(advance: str) -> None:
    if not advance:
        raise HouseError("say by how much: make clock ADVANCE=P6M")
    house = House.running(FOLDER)
    now = await house.advance_clock(advance)
    await house.close_clients()
    console.print(
        f"Recital's time is now {now:%Y-%m-%d %H:%M:%S} UTC; {house.places.endpoints} has tokens of that time."
    )


def _new_house(*, guarded: bool) -> tuple[House, Steps]:
    named = os.environ.get("RECITAL_PORT", str(FIRST_PORT))
    if not named.isdigit() or int(named) > 65000:
        raise HouseError(f"RECITAL_PORT is {named!r}: it must be the first port of a row, or 0 for free ones")
    steps = Steps()
    return House(FOLDER, first_port=int(named) or None, guarded=guarded, say=steps), steps


def _found_house() -> House:
    """Return what runs from the folder; where nothing was started to its end, what its pid files still know."""
    try:
        return House.running(FOLDER)
    except HouseError:
        return House(FOLDER)


def _show(house: House) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("", "where", "log"):
        table.add_column(column)
    for name in house.running_rows():
        table.add_row(name, _where(house, name), str(house.row(name).process.log))
    console.print()
    console.print(table)
    first = house.tenants()[0]
    console.print(f"\nA token per role of tenant {first.id} (all, and the second tenant's: {house.places.endpoints}):")
    for role, tokens in house.tokens.all_of(first.id, house.clock.now()).items():
        console.print(f"\n{role}\n{tokens[0]}")


def _where(house: House, name: str) -> str:
    servers = {
        "postgres": house.servers.postgres.host,
        "nats": house.servers.nats.url,
        "objects": f"http://{house.servers.objects.endpoint} ({house.servers.objects.kind})",
        "mail": f"{house.servers.mail.view} (smtp on {house.servers.mail.port})",
    }
    return servers.get(name) or house.urls[name]


def _stop_on_signal() -> None:
    """Let Ctrl-C and `make stop` cancel the work once; what follows is already the stopping."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    asked: list[bool] = []

    def ask() -> None:
        if task is not None and not asked:
            asked.append(True)
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask)


def _do(work: Coroutine[Any, Any, None]) -> None:
    """Do it; what goes wrong is said in words, without a trace."""
    try:
        asyncio.run(work)
    except HouseError as error:
        console.print(f"\n{error}", style="red")
        raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
