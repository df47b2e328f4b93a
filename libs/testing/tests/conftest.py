"""What tests of the house look at from outside."""

from collections.abc import Callable
from pathlib import Path

import pytest

ProcessesNaming = Callable[[Path], list[str]]


@pytest.fixture
def processes_naming() -> ProcessesNaming:
    """The command line and environment of every process that names a folder."""

    def find(folder: Path) -> list[str]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            except OSError:
                continue
            if bytes(folder) in seen:
                found.append(seen.decode(errors="replace").replace("\0", " "))
        return found

    return find
