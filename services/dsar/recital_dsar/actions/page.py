"""The package's index page: static HTML in Dutch and English, without scripts, everything in it escaped."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

PIECES = 64


def page_environment() -> Environment:
    """Return the templates' environment: autoescape always, and an unknown name is an error."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )


def index_page(environment: Environment, facts: Mapping[str, Any]) -> Iterator[bytes]:
    """Render the index page piece by piece; `facts` may hold generators, which are read once, in page order."""
    stream = environment.get_template("index.html").stream(**facts)
    stream.enable_buffering(PIECES)
    for piece in stream:
        yield piece.encode()
