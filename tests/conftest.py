"""Tests of the whole walk the demo's journey, which is no distribution: the repository's root is made importable."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
