"""Every service hands in its part, and nothing counts but exactly what its owner stated (R15)."""

from typing import Any

import pytest
from recital_errors import PermanentError
from recital_testing import eventually


async def collecting(office: Any) -> str:
    request = str(await office.receive())
    await office.confirm(request)
    return request


async def test_the_last_whole_part_opens_the_review(office: Any) -> None:
    request = await collecting(office)
    await office.hand_in(request, "consent", "ingest")

    async def two_checked() -> bool:
        shown = await office.show(request)
        return bool([each["state"] for each in shown["parts"]] == ["checked", "checked"])

    await eventually(two_checked)
    assert (await office.show(request))["state"] == "collecting"
    await office.hand_in(request, "retention")
    shown = await office.until(request, "review")
    assert shown["items"] == {"total": 3, "decided": 0, "given": 0}
    assert shown["blocked_by"] == [{"code": "items_undecided", "service": None, "count": 3}]


@pytest.mark.parametrize("wrong", [{"sha256": "0" * 64}, {"size": 12}, {"items": 7}], ids=["hash", "size", "count"])
async def test_a_part_that_is_not_as_stated_stops_the_collection_visibly(office: Any, wrong: dict[str, Any]) -> None:
    request = await collecting(office)
    await office.hand_in(request, "consent", "retention")
    await office.hand_in(request, "ingest", **wrong)

    async def mismatch() -> bool:
        blocks = (await office.show(request))["blocked_by"]
        return any(each["code"] == "part_mismatch" and each["service"] == "ingest" for each in blocks)

    await eventually(mismatch)
    assert (await office.show(request))["state"] == "collecting"
    assert "part_mismatch" in await office.alarms()


async def test_a_part_that_cannot_be_read_is_asked_for_again(office: Any) -> None:
    request = await collecting(office)
    good = office.script.parts["ingest"]
    office.script.silent = {"ingest"}
    await office.hand_in(request)
    office.script.parts["ingest"] = b"{" + good[1:-1]
    office.script.silent = set()

    async def blocked() -> bool:
        blocks = (await office.show(request))["blocked_by"]
        return any(each["code"] == "part_unreadable" for each in blocks)

    await eventually(blocked)
    office.script.parts["ingest"] = good
    await office.until(request, "review")


async def test_an_owner_that_is_away_is_asked_until_it_answers(office: Any) -> None:
    request = await collecting(office)
    office.script.silent = {"ingest"}
    await office.hand_in(request)

    async def shows_why() -> bool:
        blocks = (await office.show(request))["blocked_by"]
        return any(each["code"] == "ingest_unavailable" for each in blocks)

    await eventually(shows_why)
    office.script.silent = set()
    shown = await office.until(request, "review")
    assert not any(each["code"] == "ingest_unavailable" for each in shown["blocked_by"])


async def test_a_part_told_twice_counts_once_and_one_of_another_order_not_at_all(office: Any) -> None:
    request = await collecting(office)
    await office.hand_in(request, "ingest")
    await office.hand_in(request, "ingest")
    shown = await office.show(request)
    await office.hear(
        office.part_event(request, service="consent", order="00000000-0000-7000-8000-00000000beef"),
    )
    assert [each["service"] for each in (await office.show(request))["parts"]] == ["ingest"]
    with pytest.raises(PermanentError):
        await office.hear(office.part_event(request, service="stranger", order=shown["order"]))


async def test_nothing_of_what_parts_say_is_kept_here(office: Any) -> None:
    await office.reviewed()
    dump = str([await office.rows(f"select t::text from {table} t") for table in ("items", "parts", "outbox")])
    assert "A. Person" not in dump
    assert "31612345678" not in dump
