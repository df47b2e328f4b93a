"""The service as its callers see it, over HTTP in the running house."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest_asyncio
from recital_identity import Role

if TYPE_CHECKING:
    from recital_testing.house import House
    from recital_testing.house.tenants import TestTenant

CUSTOMER, AGENT = "+31612345678", "1001"


@dataclass
class Office:
    """A tenant with a purpose, a source and a member of staff who was told, and who calls on its behalf."""

    tenant: "TestTenant"
    integrator: httpx.AsyncClient
    admin: httpx.AsyncClient
    source: str
    purpose: dict[str, Any]

    async def now(self) -> datetime:
        return datetime.fromisoformat((await self.integrator.get("/livez")).json()["now"])

    def call(self, external_id: str, **changes: Any) -> dict[str, Any]:
        body = {
            "external_id": external_id,
            "source": self.source,
            "direction": "inbound",
            "language": "nl",
            "purposes": ["order_evidence"],
            "parties": [
                {"party": "customer", "kind": "customer", "type": "person", "number": "06 12345678"},
                {"party": "agent", "kind": "staff", "type": "person", "staff_id": AGENT},
            ],
        }
        return body | changes

    async def registered(self, external_id: str, **changes: Any) -> dict[str, Any]:
        answer = await self.integrator.post("/v1/calls", json=self.call(external_id, **changes))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def write(self, call: str, *entries: dict[str, Any], **how: Any) -> httpx.Response:
        return await self.integrator.post(f"/v1/calls/{call}/timeline", json={"entries": list(entries)}, **how)


def purpose(**changes: Any) -> dict[str, Any]:
    return {
        "key": "order_evidence",
        "title": "Evidence of orders",
        "basis": {"kind": "contract", "document": "terms-2026"},
        "notices": {"nl": "Wij nemen dit gesprek op.", "en": "We record this call."},
        "retention": "P6M",
        "roles": ["case_handler"],
        "staff_safeguards": {"works_council": {"kind": "none_fewer_than_50"}},
    } | changes


def entry(kind: str, at: datetime, **fields: Any) -> dict[str, Any]:
    return {"id": f"{kind}-{at.timestamp()}", "kind": kind, "at": at.isoformat(), **fields}


def notice(start: datetime, end: datetime, **fields: Any) -> dict[str, Any]:
    told = {"party": "customer", "purposes": ["order_evidence"], "completed": True, "started_at": start.isoformat()}
    return entry("notice_played", end, **(told | fields))


@pytest_asyncio.fixture(loop_scope="session")
async def office(house: "House") -> Office:
    tenant = await house.open_tenant()
    admin = tenant.client("consent", Role.TENANT_ADMIN)
    published = (await admin.post("/v1/purposes", json=purpose())).json()
    source = (await admin.post("/v1/sources", json={"kind": "trunk", "name": "Main line"})).json()
    await admin.post("/v1/staff", json={"staff_id": AGENT, "name": "Employee"})
    made = Office(tenant, tenant.client("consent", Role.INTEGRATOR), admin, source["id"], published)
    told = {"staff_ids": [AGENT], "purpose": "order_evidence", "version": 1}
    answer = await admin.post("/v1/staff/notices", json={**told, "notified_at": (await made.now()).isoformat()})
    assert answer.status_code == 201, answer.text
    return made


async def test_a_call_goes_from_denied_to_told_to_ended_to_a_final_permit(office: Office) -> None:
    call = await office.registered("pbx-1")
    assert not call["decision"]["may_record"]
    assert [each["code"] for each in call["decision"]["reasons"]] == ["notice_missing"]
    assert call["decision"]["notices"][0]["text"] == "Wij nemen dit gesprek op."
    start = await office.now()
    told = await office.write(
        call["id"],
        entry("answered", start),
        notice(start + timedelta(seconds=1), start + timedelta(seconds=2)),
    )
    assert told.status_code == 200, told.text
    later = await office.write(call["id"], entry("ended", start + timedelta(seconds=4)))
    assert later.status_code == 200, later.text
    answer = await office.integrator.post(
        f"/v1/calls/{call['id']}/permit",
        json={
            "audio_started_at": (start + timedelta(seconds=2.2)).isoformat(),
            "audio_ended_at": (start + timedelta(seconds=4)).isoformat(),
            "channels": [{"channel": 0, "party": "customer"}, {"channel": 1, "party": "agent"}],
        },
    )
    assert answer.status_code == 201, answer.text
    permit = answer.json()
    assert permit["spans"] == [{"purposes": ["order_evidence"], "spans": [[2200, 4000]]}]
    standing = (await office.integrator.post("/v1/permits/verify", json={"permit": permit["permit"]})).json()
    assert standing["stands"]
    assert standing["spans"] == permit["spans"]
    assert UUID(permit["id"])
