"""Every service hands in its part, and nothing counts but exactly what its owner stated (R15)."""

import io
import json
import zipfile
from typing import Any
from uuid import UUID

import pytest
from recital_errors import PermanentError
from recital_events import SubjectSplit
from recital_testing import eventually

COLLEAGUE = UUID(int=0x52)


async def collecting(office: Any) -> str:
    request = str(await office.receive())
    await office.confirm(request)
    return request


async def test_the_last_whole_part_opens_the_review(office: Any) -> None:
    request = await collecting(office)
    await office.hand_in(request, "consent", "ingest")

    async def two_checked() -> bool:
        shown = await office.show(request)
        return bool([each["state"] for each in shown["parts"]] == ["checked"] * 3)

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
    assert [each["service"] for each in (await office.show(request))["parts"]] == ["dsar", "ingest"]
    with pytest.raises(PermanentError):
        await office.hear(office.part_event(request, service="stranger", order=shown["order"]))


async def test_nothing_of_what_parts_say_is_kept_here(office: Any) -> None:
    await office.reviewed()
    dump = str([await office.rows(f"select t::text from {table} t") for table in ("items", "parts", "outbox")])
    assert "A. Person" not in dump
    assert "31612345678" not in dump


async def test_what_the_person_asked_before_and_who_was_told_of_it_is_a_part_of_its_own(office: Any) -> None:
    before = await office.receive(kind="rectification")
    told = {"name": "Bureau <b>Incasso</b>", "contact": "post@example.org"}
    assert (await office.post(f"/{before}/recipients", told)).status_code == 201
    other = await office.receive()
    await office.rows(
        "update requests set subjects = array[cast(:other as uuid)] where id = :id returning id",
        other=COLLEAGUE,
        id=other,
    )
    request, code = await office.reviewed(kind="portability")
    listed = (await office.get(f"/{request}/items?kind=request")).json()["items"]
    assert [(each["service"], each["thing"]) for each in listed] == [("dsar", before)]
    shown = await office.show(request)
    assert {each["service"]: each["items"] for each in shown["parts"]}["dsar"] == 2
    (row,) = await office.rows("select sealed from parts where service = 'dsar' and request_id = :id", id=request)
    assert b"Incasso" not in row.sealed
    await office.post(f"/{request}/decisions", {"all": True, "decision": "give"})
    await office.post(f"/{request}/package")
    await office.until(request, "ready")
    package = zipfile.ZipFile(io.BytesIO((await office.fetch(request, code)).content))
    asked, recipient = json.loads(package.read("data/dsar.json"))["items"]
    assert (asked["asked"], asked["state"], recipient["name"]) == ("rectification", "received", told["name"])
    assert told["name"] not in package.read("index.html").decode()
    (row,) = await office.rows("select sealed from parts where service = 'dsar' and request_id = :id", id=request)
    assert row.sealed is None


async def test_retention_says_what_is_held_and_a_recording_stands_on_the_grounds_of_its_call(office: Any) -> None:
    office.part("retention", {"kind": "holding", "id": office.recording, "held": True})
    request, _ = await office.reviewed(kind="erasure")
    listed = {each["kind"]: each for each in (await office.get(f"/{request}/items")).json()["items"]}
    assert {kind: each["held"] for kind, each in listed.items()} == {
        "identity": False,
        "call": False,
        "recording": True,
        "holding": True,
    }
    assert listed["recording"]["proposal"]["article"] == "17(3)(e)"
    rows = await office.rows("select kind, bases from items where kind in ('call', 'recording')")
    assert {row.kind: list(row.bases) for row in rows} == {"call": ["contract"], "recording": ["contract"]}


async def test_a_person_who_turns_out_to_be_two_is_collected_anew_and_no_package_of_both_goes_out(office: Any) -> None:
    now = office.database.clock.now()
    office.script.subjects = [UUID(office.asker), COLLEAGUE]
    request, code = await office.ready()
    old = await office.show(request)
    await office.hear(SubjectSplit(subject=office.asker, split=COLLEAGUE, split_at=now))
    shown = await office.show(request)
    assert (shown["state"], shown["subjects"], shown["items"]["total"]) == ("collecting", [office.asker], 0)
    assert "package_lost" in await office.alarms()
    session = await office.client.post(f"/v1/requests/{request}/session", json={"code": code})
    token = {"Authorization": f"Bearer {session.json()['token']}"}
    dead = await office.client.get(f"/v1/requests/{request}/package", headers=token)
    assert (dead.status_code, dead.json()["code"]) == (409, "package_not_ready")
    late = [
        office.part_event(request, service="ingest", order=old["order"]),
        SubjectSplit(subject=office.asker, split=COLLEAGUE, split_at=now),
    ]
    for event in late:
        await office.hear(event)
    assert [each["service"] for each in (await office.show(request))["parts"]] == ["dsar"]
    await office.hand_in(request)
    assert (await office.until(request, "review"))["items"]["total"] == 3
