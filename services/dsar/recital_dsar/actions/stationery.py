"""Setting letters: Jinja2 templates in Dutch and English, everything in them escaped, and the same as plain text."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from recital_dsar.decisions.letters import LetterKind

MONTHS = {
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "en": "January February March April May June July August September October November December",
}


@dataclass(frozen=True, slots=True)
class SetLetter:
    """A letter as it goes out."""

    subject: str
    html: str
    text: str


class Stationery:
    """The templates of letters."""

    def __init__(self) -> None:
        """Autoescape always; an unknown name is an error."""
        self._environment = Environment(
            loader=FileSystemLoader(Path(__file__).with_name("templates") / "letters"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def set(self, kind: LetterKind, language: str, facts: Mapping[str, Any]) -> SetLetter:
        """Set a letter; days among the facts are written as that language writes them."""
        template = self._environment.get_template(f"{language}/{kind.value}.html")
        told = {
            name: written_day(value, language) if isinstance(value, date) else value for name, value in facts.items()
        }
        html = template.render(told)
        subject = "".join(template.blocks["subject"](template.new_context(dict(told))))
        return SetLetter(subject.strip(), html, plain(html))


def written_day(day: date, language: str) -> str:
    """Return a day in words: `28 december 2026`."""
    return f"{day.day} {MONTHS[language].split()[day.month - 1]} {day.year}"


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._silent = False

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self._silent = tag in ("style", "title")
        if tag in ("p", "h1", "ul", "div"):
            self.pieces.append("\n\n")
        elif tag == "li":
            self.pieces.append("\n- ")
        elif tag == "br":
            self.pieces.append("\n")

    def handle_endtag(self, _tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(" ".join(data.split()) if data.strip() else " " if data else "")


def plain(html: str) -> str:
    """Return a letter's words without its marks."""
    reader = _Plain()
    reader.feed(html)
    lines = [" ".join(line.split()) for line in "".join(reader.pieces).splitlines()]
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip() + "\n"
