"""Every kind of holding has an owner that counts it for retention's sweep, on the tables as they are."""

from collections.abc import Awaitable, Callable, Mapping
from typing import get_args
from uuid import UUID

import pytest
from recital_consent.store.living import LIVING as OF_CONSENT
from recital_database import Database
from recital_database.counting import count_by_month
from recital_dsar.store.living import LIVING as OF_DSAR
from recital_events import HoldingKind
from recital_ingest.store.living import LIVING as OF_INGEST
from recital_retention.store.living import OWN, REGISTERED

OWNED: dict[str, Mapping[str, str]] = {
    "consent": OF_CONSENT,
    "ingest": OF_INGEST,
    "retention": {**REGISTERED, **OWN},
    "dsar": OF_DSAR,
}


def test_every_kind_of_holding_is_counted_by_an_owner() -> None:
    counted = {kind for owner in (OF_CONSENT, OF_INGEST, OF_DSAR) for kind in owner}
    # Evidence bundles are read out as they are made and kept nowhere.
    assert counted == set(get_args(HoldingKind)) - {"bundle"}
    assert set(REGISTERED) == set(get_args(HoldingKind))


@pytest.mark.parametrize("service", list(OWNED))
async def test_an_owners_counts_are_of_tables_it_has(
    service: str, database_of: Callable[..., Awaitable[Database]]
) -> None:
    database = await database_of(service)
    async with database.transaction(UUID(int=0xA)) as tx:
        found = await count_by_month(tx, OWNED[service], tx.now)
    assert found == {kind: {} for kind in OWNED[service]}
