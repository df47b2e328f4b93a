"""Where the whole editions of campaigns keep what they did, and the page on which their results stand."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "campaigns.md"


class Done:
    """What a campaign has done so far, one line each: one that was broken off goes on."""

    def __init__(self, name: str) -> None:
        """`name` names its file; nothing is read yet."""
        self._file = ROOT / ".run" / "campaigns" / f"{name}.jsonl"

    def all(self) -> list[dict[str, Any]]:
        """Return what was done, in order."""
        return [json.loads(line) for line in self._file.read_text().splitlines()] if self._file.exists() else []

    def add(self, done: dict[str, Any]) -> None:
        """Note one more."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a") as file:
            file.write(json.dumps(done) + "\n")


def write_section(heading: str, lines: Sequence[str]) -> None:
    """Write a section in its place among the others, or as the last."""
    before = PAGE.read_text() if PAGE.exists() else "# Campaigns\n\nWritten by `make campaign`.\n"
    head, _, rest = before.partition(f"\n## {heading}\n")
    _, other, after = rest.partition("\n## ")
    section = "\n".join([f"\n## {heading}", "", *lines, ""])
    PAGE.write_text(head.rstrip("\n") + "\n" + section + (f"\n## {after}" if other else ""))
