import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from recital_testing import HouseError, eventually
from recital_testing.processes import Process, run, running_pid, surroundings, write_pid_file

SLEEPS = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]


async def up(process: Process) -> None:
    async def says_so() -> bool:
        return "up" in process.log_tail()

    await process.until(says_so, within=20)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_process_is_stopped_by_its_signal_and_its_pid_file_goes(tmp_path: Path) -> None:
    process = Process("sleeper", tmp_path, SLEEPS)
    process.start(guarded=True)
    await up(process)
    pid = process.pid
    assert pid is not None
    assert running_pid(process.pid_file) == pid
    await process.stop()
    assert process.pid is None
    assert not is_there(pid)
    assert not process.pid_file.exists()


async def test_a_process_that_does_not_listen_is_killed_after_its_bound(tmp_path: Path) -> None:
    process = Process("deaf", tmp_path, DEAF)
    process.start(guarded=True)
    await up(process)
    await process.stop(within=0.1)
    assert process.pid is None


async def test_a_process_is_found_and_stopped_by_who_did_not_start_it(tmp_path: Path) -> None:
    process = Process("sleeper", tmp_path, SLEEPS)
    process.start(guarded=False)
    await up(process)
    found = Process("sleeper", tmp_path, SLEEPS)
    assert found.pid == process.pid
    with pytest.raises(HouseError, match="already runs"):
        found.start(guarded=False)
    await found.stop()
    assert process.pid is None


async def test_stopping_what_does_not_run_is_no_error(tmp_path: Path) -> None:
    await Process("nothing", tmp_path, SLEEPS).stop()


async def test_a_process_that_ends_by_itself_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    process = Process("failing", tmp_path, [sys.executable, "-c", "raise SystemExit('no disk left')"])
    process.start(guarded=True)

    async def never() -> bool:
        return False

    with pytest.raises(HouseError, match="no disk left"):
        await process.until(never, within=20)


async def test_a_process_that_never_becomes_ready_is_told(tmp_path: Path) -> None:
    process = Process("sleeper", tmp_path, SLEEPS)
    process.start(guarded=True)

    async def never() -> bool:
        return False

    with pytest.raises(HouseError, match="not ready"):
        await process.until(never, within=0.05)
    await process.kill()


def test_a_number_used_again_by_another_process_is_not_ours(tmp_path: Path) -> None:
    file = tmp_path / "some.pid"
    write_pid_file(file, os.getpid())
    assert running_pid(file) == os.getpid()
    file.write_text(f"{os.getpid()} 1\n")
    assert running_pid(file) is None
    file.write_text("nonsense")
    assert running_pid(file) is None
    assert running_pid(tmp_path / "absent.pid") is None


async def test_a_guarded_process_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = start_a_parent(tmp_path)
    child = Process("child", tmp_path, SLEEPS)
    await up_from_outside(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()

    async def gone() -> bool:
        return child.pid is None

    await eventually(gone, within=10)


def start_a_parent(folder: Path) -> subprocess.Popen[bytes]:
    code = (
        "import time; from pathlib import Path; from recital_testing.processes import Process;"
        f"Process('child', Path({str(folder)!r}), {SLEEPS!r}).start(guarded=True); time.sleep(600)"
    )
    return subprocess.Popen([sys.executable, "-c", code])  # noqa: S603 - our own words


async def up_from_outside(process: Process) -> None:
    async def said() -> bool:
        return "up" in process.log_tail() and process.pid is not None

    await eventually(said, within=20)


def test_a_program_that_fails_is_told_with_what_it_said() -> None:
    with pytest.raises(HouseError, match=r"exit code 3:\nno good"):
        run([sys.executable, "-c", "print('no good'); raise SystemExit(3)"], environment={})


def test_a_child_sees_what_it_is_given_and_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "secret")
    seen = surroundings({"RECITAL_CONSENT_PORT": "1"})
    assert seen["RECITAL_CONSENT_PORT"] == "1"
    assert "SOME_TOKEN" not in seen


async def test_waiting_gives_up_and_says_for_what() -> None:
    async def never() -> None:
        return None

    with pytest.raises(AssertionError, match="the sun rises in the west"):
        await eventually(never, within=0.05, what="the sun rises in the west")


async def test_waiting_returns_the_first_answer() -> None:
    answers = iter([None, False, 0, 7])

    async def next_answer() -> int | None:
        await asyncio.sleep(0)
        return next(answers)

    assert await eventually(next_answer) == 0
