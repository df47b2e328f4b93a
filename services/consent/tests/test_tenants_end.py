"""Tenants change, and end in two steps: what is open elsewhere holds the end back, and then the keys die."""

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from recital_consent.actions import closing, tenants
from recital_consent.decisions.settings import settings_problems
from recital_consent.model.calls import EntryKind as K
from recital_consent.model.purposes import CouncilKind, WorksCouncil
from recital_consent.model.tenants import ErasureWindow, TenantSettings, TenantState
from recital_errors import Conflict, Forbidden, Malformed, NotFound, Unavailable
from recital_events import TenantErased

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk

SETTINGS = TenantSettings(version=1, guard_ms=200, private_mark_minutes=15, works_council=None)
WINDOW = ErasureWindow(weekdays=(1, 5), starts_at="22:00", ends_at="06:00")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"guard_ms": 2_001}, "guard_ms"),
        ({"private_mark_minutes": -1}, "private_mark_minutes"),
        ({"unended_after_minutes": 0}, "unended_after_minutes"),
        ({"missing_tolerance_ms": 60_001}, "missing_tolerance_ms"),
        ({"package_retention": "a month"}, "package_retention"),
        ({"read_back_every": "PT0S"}, "read_back_every"),
        ({"holiday_region": "Friesland"}, "holiday_region"),
        ({"works_council": WorksCouncil(kind=CouncilKind.REFERENCE)}, "works_council.reference"),
        ({"erasure_window": replace(WINDOW, weekdays=())}, "erasure_window.weekdays"),
        ({"erasure_window": replace(WINDOW, weekdays=(1, 1))}, "erasure_window.weekdays"),
        ({"erasure_window": replace(WINDOW, starts_at="24:00")}, "erasure_window.starts_at"),
        ({"erasure_window": replace(WINDOW, ends_at="22:00")}, "erasure_window.ends_at"),
    ],
)
def test_a_setting_that_cannot_be_kept_to_is_named(change: dict[str, Any], field: str) -> None:
    assert [each.field for each in settings_problems(replace(SETTINGS, **change))] == [field]


def test_settings_that_all_can_keep_to_are_taken() -> None:
    council = WorksCouncil(kind=CouncilKind.NONE_FEWER_THAN_50)
    whole = replace(SETTINGS, erasure_window=WINDOW, holiday_region="NL-FR", package_retention="P14D")
    assert settings_problems(replace(whole, works_council=council)) == []


async def test_whoever_changes_a_tenant_tells_how_all_of_it_stands(desk: "Desk") -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        found = await tenants.read_settings(tx)
        wanted = replace(found, erasure_window=WINDOW, staff_voices_muted=False, call_record_retention="P2M")
        assert (await tenants.change_settings(tx, wanted, expected=found.version)).erasure_window == WINDOW
        assert await tenants.read_settings(tx) == replace(wanted, version=2)
        with pytest.raises(Malformed):
            await tenants.change_settings(tx, replace(wanted, guard_ms=-1), expected=2)
    changed = await tenants.change_tenant(desk.means, desk.tenant, {"time_zone": "Europe/Brussels", "country": "BE"})
    assert (await tenants.change_tenant(desk.means, desk.tenant, {"country": "BE"})) == changed
    first, second = await desk.events("tenant.changed")
    assert (first["country"], first["erasure_window"], first["staff_voices_muted"]) == (
        "NL",
        {"weekdays": [1, 5], "starts_at": "22:00", "ends_at": "06:00"},
        False,
    )
    assert (second["country"], second["time_zone"], second["call_record_retention"]) == ("BE", "Europe/Brussels", "P2M")
    with pytest.raises(Malformed):
        await tenants.change_tenant(desk.means, desk.tenant, {"concurrent_uploads": 0})
    with pytest.raises(NotFound):
        await tenants.change_tenant(desk.means, UUID(int=7), {"country": "BE"})


class Neighbours:
    """The two that are asked, as they answer over HTTP."""

    def __init__(self, **answers: tuple[int, dict[str, Any]]) -> None:
        self.answers, self.asked = answers, []  # type: tuple[dict[str, tuple[int, dict[str, Any]]], list[str]]

    def __getitem__(self, name: str) -> Any:
        async def post(path: str, *, token: str, json: object) -> httpx.Response:
            assert (token, json) == (f"token for {name}", {})
            self.asked.append(path)
            status, said = self.answers.get(name, (200, {"clear": True, "open": []}))
            return httpx.Response(status, json=said)

        return SimpleNamespace(post=post)

    def service_token(self, audience: str) -> str:
        return f"token for {audience}"


def asks(desk: "Desk", **answers: tuple[int, dict[str, Any]]) -> Neighbours:
    neighbours = Neighbours(**answers)
    desk.means._runtime.neighbours = neighbours  # type: ignore[assignment]
    return neighbours


async def test_a_tenant_closes_only_when_nothing_is_open_elsewhere(desk: "Desk") -> None:
    asks(desk, retention=(200, {"clear": False, "open": [{"what": "holds", "count": 2}]}))
    with pytest.raises(Conflict) as refused:
        await closing.close_tenant(desk.means, desk.tenant)
    assert [(each.field, each.problem) for each in refused.value.fields] == [("retention.holds", "2 open")]
    await desk.register("pbx-1")
    asks(desk, dsar=(404, {}))
    with pytest.raises(Unavailable):
        await closing.close_tenant(desk.means, desk.tenant)
    assert await desk.events("tenant.closed") == []
    neighbours = asks(desk)
    closed = await closing.close_tenant(desk.means, desk.tenant)
    assert neighbours.asked == [f"/internal/v1/tenants/{desk.tenant}/closing"] * 2
    assert closed.state is TenantState.CLOSED
    assert await closing.close_tenant(desk.means, desk.tenant) == replace(closed, has_lines=False)
    (event,) = await desk.events("tenant.closed")
    assert event["export_until"] > event["closed_at"]


async def test_a_closed_tenant_takes_nothing_in_and_can_still_be_told_what_restricts(desk: "Desk") -> None:
    call = await desk.ended_call()
    asks(desk)
    await closing.close_tenant(desk.means, desk.tenant)
    for wanted in (desk.register("pbx-2"), desk.permit(call.id)):
        with pytest.raises(Forbidden) as refused:
            await wanted
        assert refused.value.code == "tenant_closed"
    with pytest.raises(Forbidden):
        await tenants.change_tenant(desk.means, desk.tenant, {"name": "Other"})
    marked, _ = await desk.write(call.id, desk.entry(K.MARKED_PRIVATE, 50))
    assert marked.private


async def test_an_erased_tenants_keys_are_destroyed(desk: "Desk") -> None:
    asks(desk)
    await closing.close_tenant(desk.means, desk.tenant)
    await desk.take(closing.end_tenant, TenantErased(tenant=desk.tenant, erased_at=desk.now))
    await closing.destroy_keys(desk.means)
    assert await desk.means.vault.keys.tenant_absent(desk.tenant)
    assert len(await desk.ledger("tenant.erased")) == 1
    await closing.destroy_keys(desk.means)
    assert len(await desk.ledger("tenant.erased")) == 1
