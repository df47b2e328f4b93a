"""The two tenants of local use: opened once, found again at each start, so that what was recorded stays reachable."""

import json
from uuid import UUID

from recital_testing.files import secret_file
from recital_testing.house.house import House

NAMES = ("First example tenant", "Second example tenant")


async def open_local_tenants(house: House) -> None:
    """Open both tenants, or find those of an earlier start, and write `endpoints.json` with their tokens."""
    file = house.places.folder / "tenants.json"
    known = [UUID(tenant) for tenant in json.loads(file.read_text())] if file.exists() else []
    if len(known) != len(NAMES) or not await _are_open(house, known):
        known = [(await house.open_tenant(name)).id for name in NAMES]
        secret_file(file, json.dumps([str(tenant) for tenant in known]))
    house.keep_tenants(known)
    house.write_endpoints()


async def _are_open(house: House, tenants: list[UUID]) -> bool:
    operator = house.operator("consent")
    answers = [await operator.get(f"/v1/tenants/{tenant}") for tenant in tenants]
    return all(answer.is_success for answer in answers)
