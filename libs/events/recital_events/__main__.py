"""`python -m recital_events generate | check`: write or compare what the catalogue gives. Exit code 1 when refused."""

import argparse
import sys
from pathlib import Path

from recital_events.generating import Folders, check, generate

_REPOSITORY = Path(__file__).resolve().parents[3]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the reasons of a refusal go to the error output, one a line."""
    parser = argparse.ArgumentParser(prog="python -m recital_events", description="Schemas and pages of the events.")
    parser.add_argument("command", choices=("generate", "check"))
    parser.add_argument("--root", type=Path, default=_REPOSITORY, help="the checkout (default: this one)")
    given = parser.parse_args(arguments)
    run = generate if given.command == "generate" else check
    found = run(Folders.of_repository(given.root))
    sys.stderr.writelines(f"{each}\n" for each in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
