"""How long a package is kept: pure."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from recital_dsar.decisions.packages import end_of_package
from recital_dsar.model import TenantFacts

MADE = datetime(2026, 10, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("retention", "ends"),
    [
        (None, MADE + timedelta(days=30)),
        ("forever", MADE + timedelta(days=30)),
        ("P7D", datetime(2026, 10, 27, 13, tzinfo=UTC)),  # an hour longer: winter time began
        ("P1M", datetime(2026, 11, 20, 13, tzinfo=UTC)),
        ("P1WT2H30M5S", datetime(2026, 10, 27, 15, 30, 5, tzinfo=UTC)),
        ("P1Y", datetime(2027, 10, 20, 12, tzinfo=UTC)),
    ],
)
def test_a_package_ends_after_the_tenants_time_or_the_houses(retention: str | None, ends: datetime) -> None:
    facts = TenantFacts("NL", "Europe/Amsterdam", ("nl",), UUID(int=1), package_retention=retention)
    assert end_of_package(MADE, facts, timedelta(days=30)) == ends
