from datetime import UTC, datetime

import pytest
from recital_ingest.decisions.oversight import may_review, quarter
from recital_ingest.model.refusal import Refusal


@pytest.mark.parametrize(
    ("named", "since", "before"), [("2026-Q1", (2026, 1), (2026, 4)), ("2026-Q4", (2026, 10), (2027, 1))]
)
def test_a_quarter_is_three_months(named: str, since: tuple[int, int], before: tuple[int, int]) -> None:
    assert quarter(named) == (datetime(*since, 1, tzinfo=UTC), datetime(*before, 1, tzinfo=UTC))


@pytest.mark.parametrize("named", ["2026", "2026-Q5", "0000-Q1", "9999-Q4", "2026-Q1 ", "x"])
def test_anything_else_is_refused(named: str) -> None:
    found = quarter(named)
    assert isinstance(found, Refusal)
    assert found.code == "quarter_malformed"


def test_somebody_else_reviews_once() -> None:
    assert may_review("one", "other", reviewed=False) is None
    for reviewer, reviewed, code in (("other", False, "own_listening"), ("one", True, "reviewed_already")):
        refusal = may_review(reviewer, "other", reviewed=reviewed)
        assert refusal is not None
        assert refusal.code == code
