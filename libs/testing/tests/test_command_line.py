import asyncio
import importlib.util
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from recital_testing import eventually
from recital_testing.house import Endpoints
from typer.testing import CliRunner

PROGRAM = Path(__file__).resolve().parents[3] / "dev" / "run.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "recital"
    made.mkdir()
    return made


@pytest.fixture
def program(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("RECITAL_FOLDER", str(folder))
    monkeypatch.setenv("RECITAL_PORT", "0")
    spec = importlib.util.spec_from_file_location("dev_run", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Says = Callable[..., str]


@pytest.fixture
def says(program: ModuleType) -> Says:
    """What the program says to some words, in one line; it ends with `code`."""

    def say(*words: str, code: int = 0) -> str:
        with program.console.capture() as captured:
            done = CliRunner().invoke(program.app, list(words))
        assert done.exit_code == code, (captured.get(), done.exception)
        return " ".join(captured.get().split())

    return say


def starts(folder: Path, *words: str) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "RECITAL_FOLDER": str(folder), "RECITAL_PORT": "0"}
    with (folder / "said").open("wb") as out:
        return subprocess.Popen([sys.executable, PROGRAM, *words], env=environment, stdout=out, stderr=out)  # noqa: S603


def said(folder: Path) -> str:
    return (folder / "said").read_text()


def until_it_says(running: "subprocess.Popen[bytes]", folder: Path, words: str) -> None:
    async def says_so() -> bool:
        assert running.poll() is None, said(folder)
        return words in said(folder)

    asyncio.run(eventually(says_so, within=120))


@pytest.mark.house
def test_the_house_runs_until_it_is_stopped_and_then_nothing_is_left(
    folder: Path, says: Says, processes_naming: Callable[[Path], list[str]]
) -> None:
    running = starts(folder, "run")
    try:
        until_it_says(running, folder, "Running.")
        endpoints = Endpoints.read(folder / "endpoints.json")
        assert len(endpoints.tenants) == 2
        assert all(f"\n{name}" in said(folder) for name in (*endpoints.services, *endpoints.servers))
        assert "Recital's time is now" in says("clock", "PT1H")
        assert Endpoints.read(folder / "endpoints.json").tenants.keys() == endpoints.tenants.keys()
        assert "already runs" in says("run", code=1)
        assert says("status").count("ready") == 4
    finally:
        assert "stopped" in says("stop")
    assert running.wait(5) == 0, said(folder)
    assert said(folder).strip().endswith("nothing of Recital runs any more.")
    assert processes_naming(folder) == []
    assert left_of_a_run(folder) == []


def test_ctrl_c_while_it_starts_leaves_nothing(folder: Path, processes_naming: Callable[[Path], list[str]]) -> None:
    running = starts(folder, "run")
    until_it_says(running, folder, "making keys")
    running.send_signal(signal.SIGINT)
    assert running.wait(60) == 0, said(folder)
    assert "nothing of Recital runs" in said(folder)
    assert processes_naming(folder) == []
    assert left_of_a_run(folder) == []


def left_of_a_run(folder: Path) -> list[Path]:
    return [*folder.rglob("*.pid"), *folder.glob("endpoints.json")]


def test_a_used_port_is_said_with_what_to_do(says: Says, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv("RECITAL_PORT", str(port))
        answer = says("start", code=1)
    assert f"port {port} (consent)" in answer
    assert "in use by another program" in answer


def test_what_does_not_run_is_said(says: Says) -> None:
    assert "nothing of Recital was running" in says("stop")
    assert "does not run" in says("status", code=1)
    assert "does not run" in says("clock", "P1D", code=1)


def test_what_is_missing_or_wrong_in_the_asking_is_said(says: Says, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "ADVANCE=P6M" in says("clock", "", code=1)
    monkeypatch.setenv("RECITAL_PORT", "many")
    assert "RECITAL_PORT" in says("start", code=1)
