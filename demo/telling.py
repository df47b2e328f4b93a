"""Tells the journey at a terminal: a heading per step, why it is done, the rule it obeys, and what came of it."""

import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

from recital_rules import rule
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.rule import Rule as Line

from demo.story import CHAPTERS

T = TypeVar("T")
WIDEST = 88
INDENT = (0, 0, 0, 3)


class Teller:
    """A companion that tells a person what happens. A rule's text is shown the first time it comes up."""

    def __init__(self, console: Console | None = None) -> None:
        """Write to the terminal, in a column that can be read."""
        self.console = console or Console(highlight=False)
        self.console.width = min(self.console.width, WIDEST)
        self._told: set[str] = set()
        self._number = 0

    async def __call__(self, step: str, act: Callable[[], Awaitable[T]]) -> T:
        """Tell a step, do it, and tell what came of it."""
        chapter = CHAPTERS[step]
        self._number += 1
        self.console.print()
        self.console.print(f"[bold cyan]{self._number:>2} {chapter.title}[/]")
        self._say(chapter.why, "italic")
        for name in chapter.rules:
            self._rule(name)
        since = time.monotonic()
        with self.console.status("…", spinner="dots"):
            found = await act()
        for line in chapter.said(found):
            self._say(line)
        self._say(f"{time.monotonic() - since:.1f} s", "dim")
        return found

    def title(self, text: str, *lines: str) -> None:
        """Begin."""
        self.console.print(Line(f"[bold]{escape(text)}[/]", style="cyan"))
        for line in lines:
            self._say(line)

    def doing(self, step: str) -> None:
        """Say what is being prepared."""
        self._say(f"{step} …", "dim")

    def where(self, folder: Path, places: Mapping[str, str]) -> None:
        """End with where the data lies."""
        self.console.print()
        self.console.print(Line("[bold]Where the data lies[/]", style="cyan"))
        for what, where in places.items():
            self._say(f"[b]{what}[/b]: {escape(where)}")
        self._say(f"All of it is in {folder}; `make clean` removes it.", "dim")

    def _rule(self, name: str) -> None:
        law = rule(name)
        if name in self._told:
            self._say(f"{law.id} {law.title}", "green")
            return
        self._told.add(name)
        source = f" ({law.source})" if law.citable and law.source else ""
        self._say(f"[b]{law.id} {law.title}.[/b] {escape(law.text_en)}[dim]{escape(source)}[/]", "green")

    def _say(self, text: str, style: str = "") -> None:
        self.console.print(Padding(f"[{style}]{text}[/]" if style else text, INDENT))
