"""Nothing that people read from us says what a recording is worth in court: facts only (R22)."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# What it would be called in Dutch or English: admissible, legally valid, conclusive.
VERDICTS = re.compile(
    r"rechtsgeldig|rechtsgeldigheid|toelaatba|rechtmatig verkregen|admissib|legally valid|conclusive|onweerlegba",
    re.IGNORECASE,
)
SPOKEN = [
    *(each for top in ("services", "libs") for each in (ROOT / top).glob("*/recital_*/**/*.py")),
    *(ROOT / "services" / "dsar" / "recital_dsar" / "actions" / "templates").rglob("*.*"),
]


def test_no_letter_page_answer_or_certificate_judges_in_the_courts_place() -> None:
    assert len(SPOKEN) > 100
    found = {str(each.relative_to(ROOT)) for each in SPOKEN if VERDICTS.search(each.read_text())}
    assert found == set()


@pytest.mark.parametrize("said", ["Deze opname is rechtsgeldig bewijs.", "This recording is admissible."])
def test_such_words_would_be_found(said: str) -> None:
    assert VERDICTS.search(said)
