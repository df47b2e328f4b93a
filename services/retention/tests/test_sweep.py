"""A holding that an owner has and never announced is found; one that is on its way, or going, is not (R15)."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from recital_database.counting import count_by_month
from recital_errors import Unavailable
from recital_retention.actions.sweeping import sweep
from recital_retention.decisions.sweeping import Unannounced, unannounced
from recital_retention.store.living import REGISTERED

TENANT = UUID(int=0xA)


def test_what_owners_have_beyond_the_register_is_found_by_kind_and_month() -> None:
    registered = {"call": {"2026-10": 3, "2026-11": 2}, "collection": {"2026-11": 2}}
    owned = [{"call": {"2026-10": 3, "2026-11": 4}, "collection": {"2026-11": 1}}, {"collection": {"2026-11": 1}}]
    assert unannounced(owned, registered) == [Unannounced("call", "2026-11", 2)]


def test_what_the_register_has_beyond_its_owners_is_on_its_way_out() -> None:
    assert unannounced([{"call": {"2026-11": 1}}, {}], {"call": {"2026-11": 2}}) == []


def test_a_kind_that_the_register_does_not_know_at_all_is_found() -> None:
    assert unannounced([{"voiceprint": {"2026-11": 1}}], {}) == [Unannounced("voiceprint", "2026-11", 1)]


async def owners(room: Any, counts: dict[str, dict[str, dict[str, int]]], status: int = 200) -> None:
    """Let the owners answer with these counts, and only to retention's own token for them."""
    for owner in ("consent", "ingest", "dsar"):

        async def answer(request: httpx.Request, owner: str = owner) -> httpx.Response:
            assert request.url.path == "/internal/v1/holdings"
            assert request.url.params["tenant"] == str(TENANT)
            assert request.headers["authorization"].startswith("Bearer ")
            return httpx.Response(status, content=json.dumps({"kinds": counts.get(owner, {})}))

        client = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url=f"http://{owner}")
        room.runtime.neighbours._clients[owner] = client


async def test_an_owner_that_has_as_many_as_were_announced_raises_nothing_and_one_more_is_alarmed(room: Any) -> None:
    await room.recording()
    await room.later("1 hour")
    async with room.database.transaction(TENANT) as tx:
        known = await count_by_month(tx, REGISTERED, tx.now - timedelta(minutes=10))
    assert sum(known["recording"].values()) == 1
    counts = {
        "consent": {kind: dict(known[kind]) for kind in ("call", "identity")},
        "ingest": {"recording": dict(known["recording"])},
    }
    await owners(room, counts)
    await sweep(room.means, TENANT)
    assert "holding_unannounced" not in await room.alarms()
    [month] = counts["consent"]["call"]
    counts["consent"]["call"][month] += 1
    await sweep(room.means, TENANT)
    assert "holding_unannounced" in await room.alarms()


async def test_an_owner_that_does_not_tell_is_asked_again_and_nothing_is_concluded(room: Any) -> None:
    await owners(room, {}, status=403)
    with pytest.raises(Unavailable, match="consent_refuses"):
        await sweep(room.means, TENANT)
    assert "holding_unannounced" not in await room.alarms()
