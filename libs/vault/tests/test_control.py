import secrets
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from recital_errors import Conflict, Unavailable
from recital_vault import ControlLedger, ObjectStore, ObjectStoreSettings, SealBroken


@pytest_asyncio.fixture(loop_scope="session")
async def store(object_settings: ObjectStoreSettings) -> AsyncIterator[ObjectStore]:
    """A bucket of its own: the control ledger is one per bucket."""
    opened = await ObjectStore.open(replace(object_settings, bucket=f"control-{secrets.token_hex(4)}"))
    await opened.provision()
    yield opened
    opened.close()


@pytest.fixture
def control(store: ObjectStore) -> ControlLedger:
    return ControlLedger(store)


async def test_entries_are_read_in_order_after_any_number(control: ControlLedger) -> None:
    assert await control.head() == 0
    assert await control.read_after(0) == []
    for sequence in range(1, 21):
        await control.append(sequence, {"kind": "erasure", "order": f"order-{sequence}"})
    assert await control.head() == await control.head(after=7) == await control.head(after=20) == 20
    entries = await control.read_after(0)
    assert [sequence for sequence, _ in entries] == list(range(1, 21))
    assert entries[9] == (10, {"kind": "erasure", "order": "order-10"})
    assert await control.read_after(18, limit=1) == [(19, {"kind": "erasure", "order": "order-19"})]


async def test_the_same_entry_again_is_no_error_and_another_under_its_number_is_refused(
    control: ControlLedger,
) -> None:
    await control.append(1, {"order": "a", "kind": "erasure"})
    await control.append(1, {"kind": "erasure", "order": "a"})
    with pytest.raises(Conflict) as refusal:
        await control.append(1, {"kind": "hold", "order": "b"})
    assert refusal.value.code == "control_sequence_taken"
    assert await control.read_after(0) == [(1, {"kind": "erasure", "order": "a"})]


async def test_reading_stops_before_an_entry_that_is_still_being_written(control: ControlLedger) -> None:
    for sequence in (1, 2, 4, 5):
        await control.append(sequence, {"number": sequence})
    assert [sequence for sequence, _ in await control.read_after(0)] == [1, 2]
    assert await control.head() == 2
    assert await control.read_after(2) == []
    await control.append(3, {"number": 3})
    assert [sequence for sequence, _ in await control.read_after(2)] == [3, 4, 5]


@pytest.mark.parametrize("content", [b"not json", b"[1]"])
async def test_an_entry_that_was_damaged_is_refused_and_not_stepped_over(
    control: ControlLedger, store: ObjectStore, content: bytes
) -> None:
    await control.append(1, {"number": 1})
    await store.put("control/00000000000000000002", content)
    with pytest.raises(SealBroken):
        await control.read_after(0)


async def test_entries_are_numbered_from_one(control: ControlLedger) -> None:
    with pytest.raises(ValueError, match="from 1"):
        await control.append(0, {})


async def test_a_store_that_is_away_is_never_an_empty_ledger(object_settings: ObjectStoreSettings) -> None:
    away = await ObjectStore.open(replace(object_settings, endpoint="127.0.0.1:1", attempts=1))
    for attempt in (
        ControlLedger(away).head(),
        ControlLedger(away).read_after(0),
        ControlLedger(away).append(1, {}),
    ):
        with pytest.raises(Unavailable):
            await attempt
    away.close()
