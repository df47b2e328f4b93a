"""The command line: serve, migrate, check-config, and what an operator does to events that failed."""

from pathlib import Path

from recital_runtime import main

from recital_ingest.settings import Settings
from recital_ingest.wiring import SERVICE, wire

if __name__ == "__main__":
    main(SERVICE, Settings, wire, Path(__file__).parent / "migrations" / "versions")
