"""People see that time jumped, and say that destruction may go on: an officer for the tenant, the operator for all."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from recital_database import frozen_for
from recital_identity import Role
from recital_testing import eventually

OFFICER, AUDITOR, INTEGRATOR, OPERATOR = Role.PRIVACY_OFFICER, Role.AUDITOR, Role.INTEGRATOR, Role.OPERATOR
REASON = {"reason": "the clock was put right"}


async def test_a_jump_is_shown_and_ended_by_those_who_may(small: Any) -> None:
    database = small.client._transport.app.state.runtime.database
    shown = (await small.client.get("/v1/clock", headers=small.headers(AUDITOR))).json()
    assert shown["frozen"] is None
    answer = await small.client.post("/v1/clock/release", json=REASON, headers=small.headers(OFFICER))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_frozen")

    database.clock._now -= timedelta(minutes=6)

    async def noticed() -> bool:
        ready = (await small.client.get("/readyz")).json()
        return bool(ready["checks"]["clock"] != "ok" and ready["status"] in ("degraded", "unready"))

    await eventually(noticed)
    shown = (await small.client.get("/v1/clock", headers=small.headers(AUDITOR))).json()
    assert shown["frozen"]["why"] == "time jumped ahead without an announcement"
    refused = await small.client.post("/v1/clock/release", json=REASON, headers=small.headers(INTEGRATOR))
    assert refused.status_code == 403
    assert (await small.client.post("/v1/clock/release", json={}, headers=small.headers(OFFICER))).status_code == 422
    answer = await small.client.post("/v1/clock/release", json=REASON, headers=small.headers(OFFICER))
    assert (answer.status_code, answer.json()["frozen"]) == (200, None)
    async with database.transaction(UUID(int=0xA)) as tx:
        assert await frozen_for(database, tx) is None
    token = small.issuer.access_token(
        audience="recital",
        tenant=None,
        roles=(OPERATOR,),
        subject="operator",
        now=database.clock.now(),
        lifetime=timedelta(minutes=5),
    )
    operator = {"Authorization": f"Bearer {token}"}
    assert (await small.client.get("/v1/clock", headers=operator)).json()["frozen"] is not None
    assert (await small.client.post("/v1/clock/release", json=REASON, headers=operator)).status_code == 200
    assert (await small.client.get("/v1/clock", headers=operator)).json()["frozen"] is None
