"""The command line: serve, migrate, check-config, and what an operator does to events that failed."""

from pathlib import Path

from recital_runtime import main

from recital_dsar.settings import Settings
from recital_dsar.wiring import SERVICE, wire

if __name__ == "__main__":
    main(SERVICE, Settings, wire, Path(__file__).with_name("migrations") / "versions")
