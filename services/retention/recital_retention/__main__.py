"""serve | migrate | check-config, and what an operator does to events that failed."""

from pathlib import Path

from recital_runtime import main

from recital_retention.settings import RetentionSettings
from recital_retention.wiring import wire

if __name__ == "__main__":
    main("retention", RetentionSettings, wire, Path(__file__).parent / "migrations" / "versions")
