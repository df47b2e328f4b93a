from collections.abc import Callable
from uuid import UUID

import pytest
from recital_errors import NotFound
from recital_vault import SealBroken, Vault


async def test_a_small_value_opens_for_its_tenant_key_and_column_only(
    vault: Vault, tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    tenant_key = await vault.keys.create_tenant_key(tenant)
    key, other = await vault.keys.new_keys(tenant, make_id(), tenant_key, count=2)
    sealed = await vault.seal_small(tenant, key.id, b"+31201234567", b"identity.number")
    assert b"31201234567" not in sealed
    assert await vault.open_small(tenant, key.id, sealed, b"identity.number") == b"+31201234567"
    with pytest.raises(SealBroken):
        await vault.open_small(tenant, key.id, sealed, b"identity.email")
    with pytest.raises(SealBroken):
        await vault.open_small(tenant, other.id, sealed, b"identity.number")
    with pytest.raises(NotFound):
        await vault.open_small(make_id(), key.id, sealed, b"identity.number")


async def test_a_destroyed_key_neither_opens_nor_seals_nor_indexes(
    vault: Vault, tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    key = await vault.keys.new_key(tenant, make_id(), await vault.keys.create_tenant_key(tenant))
    sealed = await vault.seal_small(tenant, key.id, b"value", b"column")
    await vault.keys.destroy(tenant, [key.id])
    for attempt in (
        vault.open_small(tenant, key.id, sealed, b"column"),
        vault.seal_small(tenant, key.id, b"value", b"column"),
        vault.blind_index(tenant, key.id, "value"),
    ):
        with pytest.raises(NotFound) as refusal:
            await attempt
        assert refusal.value.code == "key_destroyed"


async def test_a_blind_index_finds_within_its_tenant_and_says_nothing_across(
    vault: Vault, tenant: UUID, make_id: Callable[[], UUID]
) -> None:
    other = make_id()
    key = await vault.keys.new_key(tenant, tenant, await vault.keys.create_tenant_key(tenant))
    other_key = await vault.keys.new_key(other, other, await vault.keys.create_tenant_key(other))
    index = await vault.blind_index(tenant, key.id, "+31201234567")
    assert index == await vault.blind_index(tenant, key.id, "+31201234567")
    assert index != await vault.blind_index(other, other_key.id, "+31201234567")
