"""Each service's key of a tenant is changed by the operator, of a tenant that there is."""

from uuid import UUID

from recital_identity import Role
from recital_testing.house import SERVICES, House

NOBODY = UUID(int=77)


async def test_the_operator_changes_a_tenants_key_in_every_service_and_nobody_else_does(house: House) -> None:
    tenant = await house.open_tenant("Whose keys change")
    for service in SERVICES:
        operator = house.operator(service)
        answer = await operator.post(f"/v1/tenants/{tenant.id}/key/change")
        assert answer.status_code == 200, answer.text
        assert answer.json()["keys"] >= 0
        assert answer.json()["newer_root_key"] is False
        assert (await operator.post(f"/v1/tenants/{NOBODY}/key/change")).status_code == 404
        administrator = tenant.client(service, Role.TENANT_ADMIN)
        assert (await administrator.post(f"/v1/tenants/{tenant.id}/key/change")).status_code == 403
