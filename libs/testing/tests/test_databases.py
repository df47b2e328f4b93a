from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from recital_testing import HouseError
from recital_testing.databases import versions_of

if TYPE_CHECKING:
    from recital_testing.plugin import DatabaseOf

FOUNDATION = """
from recital_database.migrating import clock_freezes, foundation

revision = "0001"
down_revision = None


def upgrade() -> None:
    foundation()
    clock_freezes()
"""


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("versions")
    (folder / "0001_foundation.py").write_text(FOUNDATION)
    return folder


async def test_each_test_gets_a_migrated_database_of_its_own(database_of: "DatabaseOf", versions: Path) -> None:
    first, second = await database_of("probe", versions=versions), await database_of("probe", versions=versions)
    async with first.work() as tx:
        await tx.execute("update recital_clock set high_water = recital_now() + interval '1 year'")
    async with second.work() as tx:
        ahead = await tx.execute("select high_water > recital_now() + interval '1 day' from recital_clock")
        assert ahead.scalar_one() is False


def test_the_migrations_of_a_service_that_is_not_there_are_missed_by_name() -> None:
    with pytest.raises(HouseError, match="recital_archive"):
        versions_of("archive")
    assert versions_of("consent").parts[-3:] == ("recital_consent", "migrations", "versions")
