"""Keys that no row names are destroyed; every other key stays."""

from typing import Any

from recital_dsar.actions import sweeping
from recital_dsar.actions.sweeping import sweep_keys
from recital_dsar.store.tenants import tenant


async def test_only_keys_that_no_row_names_are_swept(office: Any, monkeypatch: Any) -> None:
    request, code = await office.ready()
    keys = office.runtime.vault.keys
    async with office.database.transaction(office.tenant) as tx:
        facts = await tenant(tx)
    orphan = await keys.new_key(office.tenant, facts.key, facts.key)
    await sweep_keys(office.means, office.tenant, office.tenant)
    assert not await keys.absent(office.tenant, [orphan.id])
    monkeypatch.setattr(sweeping, "OLDER_THAN", sweeping.OLDER_THAN * 0)
    await sweep_keys(office.means, office.tenant, office.tenant)
    assert await keys.absent(office.tenant, [orphan.id])
    assert (await office.fetch(request, code)).status_code == 200
    (step,) = await office.rows("select due_at > recital_now() as later from steps where step = 'sweep'")
    assert step.later
