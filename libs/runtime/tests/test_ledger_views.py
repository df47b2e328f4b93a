from datetime import UTC, datetime
from uuid import UUID

import pytest
from recital_database.journal import Sequenced
from recital_ledger import Entry
from recital_runtime.shared_routes import entry_view


@pytest.mark.parametrize("microsecond", [0, 1, 120_000])
def test_an_entry_as_it_is_shown_is_the_leaf_that_was_hashed(microsecond: int) -> None:
    at = datetime(2026, 11, 24, 8, 0, 0, microsecond, tzinfo=UTC)
    entry = Entry(id=UUID(int=1), kind="call.registered", at=at, facts={"call": str(UUID(int=2))}, commitment="0" * 64)
    shown = entry_view(Sequenced(entry, 3)).model_dump(mode="json")
    assert shown.pop("position") == 3
    assert Entry.read(shown).leaf_hash() == entry.leaf_hash()
