from datetime import timedelta

import pytest
from recital_ingest.decisions.rhythm import LONGEST, SHORTEST, every, pause_after

DEFAULT = timedelta(days=90)


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        (None, DEFAULT),
        ("every week", DEFAULT),
        ("P30D", timedelta(days=30)),
        ("P1Y2M3W4DT5H6M7S", timedelta(days=365 + 60 + 21 + 4, hours=5, minutes=6, seconds=7)),
        ("PT1S", SHORTEST),
        ("P99999999Y", LONGEST),
    ],
)
def test_a_tenants_rhythm_is_its_duration_or_the_default_within_reason(stated: str | None, found: timedelta) -> None:
    assert every(stated, DEFAULT) == found


def test_the_store_is_left_alone_for_the_rest_of_the_time() -> None:
    assert pause_after(2.0, share=0.1) == pytest.approx(18.0)
    assert pause_after(2.0, share=1) == 0
