"""import-linter's contracts hold, and each of them notices a violation planted for it."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# contract, file to write into, the line that breaks it
VIOLATIONS = [
    ("house", "recital_consent/model/planted.py", "import recital_ingest"),
    ("house", "recital_ledger/planted.py", "import recital_database"),
    ("room", "recital_retention/store/planted.py", "import recital_retention.actions"),
    ("room", "recital_dsar/planted.py", "x = 1"),
    ("pure", "recital_consent/decisions/planted.py", "import logging"),
    ("pure", "recital_ingest/model/planted.py", "import httpx"),
    ("pure-libs", "recital_identity/planted.py", "import socket"),
    ("nats-door", "recital_runtime/planted.py", "import nats"),
    ("minio-door", "recital_ingest/actions/planted.py", "import minio"),
    ("sqlmodel-door", "recital_consent/actions/planted.py", "import sqlmodel"),
    ("sqlalchemy-door", "recital_runtime/planted.py", "import sqlalchemy"),
    ("web-door", "recital_dsar/actions/planted.py", "import fastapi"),
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """All packages side by side, where violations can be planted."""
    for top in ("libs", "services"):
        for package in (ROOT / top).glob("*/recital_*"):
            shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(  # noqa: S603 - our own tool on our own files
        [program, "--config", folder / "pyproject.toml", "--no-cache", *more],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_contract_has_a_planted_violation(settings: dict[str, Any]) -> None:
    contracts = {each["id"] for each in settings["tool"]["importlinter"]["contracts"]}
    assert contracts == {contract for contract, _, _ in VIOLATIONS}


def test_the_contracts_hold(copy: Path) -> None:
    found = lint(copy)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(("contract", "file", "line"), VIOLATIONS)
def test_a_planted_violation_is_noticed(copy: Path, contract: str, file: str, line: str) -> None:
    planted = copy / file
    if not planted.parent.exists():
        # The room is one file: it becomes a folder, which is what the violation needs.
        room = planted.parent.with_suffix(".py")
        planted.parent.mkdir()
        room.rename(planted.parent / "__init__.py")
    planted.write_text(line + "\n")
    found = lint(copy, "--contract", contract)
    assert found.returncode != 0, found.stdout
