"""Child processes: started with a log and a pid file, stopped within a bound, and never left behind.

A guarded child gets its stop signal from the kernel when this process dies, however it dies. An unguarded one goes on
(`make start`) and is found again by its pid file, which also holds its start time: a number used again is not ours.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recital_testing.failures import HouseError
from recital_testing.waiting import eventually

# What a child may see of our environment beside what it is given: where programs lie, and what measures coverage.
INHERITED = ("PATH", "HOME", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
LOG_TAIL = 2_000  # characters of a log shown when a process does not start


@dataclass(slots=True)
class Process:
    """One child: `name` names its files in `folder` (`<name>.log`, `<name>.pid`)."""

    name: str
    folder: Path
    command: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    as_ordinary_user: bool = False
    _child: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.folder / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        """Its number and start time, while it runs."""
        return self.folder / f"{self.name}.pid"

    @property
    def pid(self) -> int | None:
        """Its number while it runs, also when another process started it; else None."""
        if self._child is not None:
            return self._child.pid if self._child.poll() is None else None
        return running_pid(self.pid_file)

    def start(self, *, guarded: bool) -> None:
        """Start it, from the main thread (the guard ends with its thread); raises HouseError when it runs already."""
        if (pid := self.pid) is not None:
            raise HouseError(f"{self.name} already runs from {self.folder} as process {pid}")
        command = guard(self.command, self.stop_signal) if guarded else list(self.command)
        if self.as_ordinary_user:
            command = ordinary_user(command)
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 - our own table of programs, no shell
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=surroundings(self.environment),
                start_new_session=True,  # Ctrl-C reaches the house alone, which then stops its children in order
            )
        write_pid_file(self.pid_file, self._child.pid)

    async def until(self, check: Callable[[], Awaitable[bool]], *, within: float) -> None:
        """Return when `check` says it is ready; raises HouseError with its log when it ended, or after `within` s."""

        async def ready() -> bool:
            if self.pid is None:
                raise HouseError(f"{self.name} has ended by itself; {self._ending()}")
            return await check()

        try:
            await eventually(ready, within=within)
        except AssertionError:
            raise HouseError(f"{self.name} is not ready after {within:g} s; {self._ending()}") from None

    def _ending(self) -> str:
        return f"its log {self.log} ends with:\n{self.log_tail()}"

    def log_tail(self) -> str:
        """Return the last lines of its log."""
        return self.log.read_text(errors="replace")[-LOG_TAIL:].strip() if self.log.exists() else "(no log)"

    async def stop(self, *, within: float = 10.0) -> None:
        """Ask it to stop, and kill it when it has not after `within` seconds. One that does not run is no error."""
        if not self.signal(self.stop_signal) or not await self._gone(within):
            await self.kill()
        self.pid_file.unlink(missing_ok=True)

    async def kill(self) -> None:
        """End it at once, with SIGKILL."""
        self.signal(signal.SIGKILL)
        if not await self._gone(10.0):
            raise HouseError(f"{self.name} (process {self.pid}) cannot be killed")
        self.pid_file.unlink(missing_ok=True)

    def signal(self, number: signal.Signals) -> bool:
        """Send it a signal; false when it does not run."""
        pid = self.pid
        if pid is None:
            return False
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True

    async def _gone(self, within: float) -> bool:
        async def gone() -> bool:
            return self.pid is None

        try:
            return await eventually(gone, within=within)
        except AssertionError:
            return False


def run(command: Sequence[str | Path], *, environment: Mapping[str, str], as_ordinary_user: bool = False) -> None:
    """Run a program to its end; raises HouseError with what it said when it fails."""
    words = [str(word) for word in (ordinary_user(command) if as_ordinary_user else command)]
    done = subprocess.run(  # noqa: S603 - our own table of programs, no shell
        words, check=False, capture_output=True, env=surroundings(environment), stdin=subprocess.DEVNULL
    )
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace")[-LOG_TAIL:].strip()
        raise HouseError(f"{Path(words[0]).name} failed with exit code {done.returncode}:\n{said}")


def surroundings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a child: what it is given, and no secret of ours."""
    return (
        {name: os.environ[name] for name in INHERITED if name in os.environ} | {"LC_ALL": "C.UTF-8"} | dict(environment)
    )


def guard(command: Sequence[str | Path], number: signal.Signals) -> list[str | Path]:
    """Wrap a command so that the kernel sends it a signal when its parent dies (where setpriv is there)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", number.name.removeprefix("SIG"), *command] if setpriv else list(command)


def ordinary_user(command: Sequence[str | Path]) -> list[str | Path]:
    """Wrap a command that refuses to run as root: a user namespace shows it uid 1000, while its files stay ours."""
    if os.geteuid() != 0:
        return list(command)
    unshare = shutil.which("unshare")
    if unshare is None:
        raise HouseError(
            "PostgreSQL does not run as root, and `unshare` (util-linux) is not there: run as an ordinary user"
        )
    return [unshare, "--user", "--map-user=1000", "--map-group=1000", *command]


def write_pid_file(file: Path, pid: int) -> None:
    """Note which process this is: its number and its start time."""
    file.write_text(f"{pid} {_started(pid) or ''}\n")


def running_pid(file: Path) -> int | None:
    """Return the number in a pid file while that very process runs, else None."""
    try:
        number, _, started = file.read_text().strip().partition(" ")
    except FileNotFoundError:
        return None
    if not number.isdigit():
        return None
    now = _started(int(number))
    return int(number) if now is not None and now == started else None


def _started(pid: int) -> str | None:
    """Return when a process started (in the kernel's ticks), None when it is not there or already a corpse."""
    try:
        # After the name in parentheses: state is field 3, the start time field 22 (proc_pid_stat(5)).
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]
