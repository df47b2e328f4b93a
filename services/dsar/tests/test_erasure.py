"""What retention orders is destroyed, keys first, each place proved empty; what does not go is told and tried on."""

from typing import Any
from uuid import UUID, uuid5

import pytest
from recital_database import release_tenant
from recital_events import ErasureOrdered
from recital_testing import eventually


async def order_erasure(office: Any, kind: str, holding: str) -> UUID:
    order = uuid5(UUID(int=0), f"order {holding}")
    await office.hear(
        ErasureOrdered(
            order=order,
            holding=holding,
            kind=kind,
            ground="R11",
            control_sequence=1,
            ordered_at=office.database.clock.now(),
        )
    )
    return order


async def erased(office: Any) -> dict[str, Any]:
    async def answered() -> dict[str, Any] | None:
        found = await office.events("holding.erased")
        return found[-1] if found else None

    answer: dict[str, Any] = await eventually(answered)
    return answer


async def test_a_package_is_destroyed_with_a_proof_per_place(office: Any) -> None:
    request, code = await office.ready()
    package = (await office.show(request))["package"]["id"]
    await office.fetch(request, code)
    (row,) = await office.rows("select key_id, object_key from packages")
    order = await order_erasure(office, "package", package)
    answer = await erased(office)
    assert (answer["order"], answer["holding"], answer["kind"]) == (str(order), package, "package")
    places = {(each["place"]["kind"], each["place"]["id"]) for each in answer["proofs"]}
    assert places == {("key", str(row.key_id)), ("object", row.object_key)}
    assert await office.runtime.vault.keys.absent(office.tenant, [row.key_id])
    assert await office.runtime.vault.objects.absent(row.object_key)


async def test_the_register_and_the_proofs_name_the_same_places(office: Any) -> None:
    request, _ = await office.ready()
    (copy,) = await office.events("copy.registered")
    await order_erasure(office, "package", (await office.show(request))["package"]["id"])
    proved = [each["place"] for each in (await erased(office))["proofs"]]
    assert sorted(map(str, proved)) == sorted(map(str, copy["places"]))


async def test_a_package_destroyed_before_pickup_takes_the_request_back_to_its_review(office: Any) -> None:
    request, code = await office.ready()
    await order_erasure(office, "package", (await office.show(request))["package"]["id"])
    shown = await office.until(request, "review")
    assert "package_lost" in await office.alarms()
    await erased(office)
    assert (await office.post(f"/{request}/package")).status_code == 202
    await office.until(request, "ready")
    assert (await office.fetch(request, code)).status_code == 200
    assert shown["items"]["decided"] == 3


async def test_a_closed_requests_file_is_destroyed_and_a_skeleton_without_persons_stays(office: Any) -> None:
    request, code = await office.ready()
    await office.fetch(request, code)
    (before,) = await office.rows("select file_key, identifiers_key from requests")
    order = await order_erasure(office, "request", request)
    answer = await erased(office)
    assert (answer["order"], answer["kind"]) == (str(order), "request")
    assert {each["place"]["kind"] for each in answer["proofs"]} == {"key", "rows"}
    assert await office.runtime.vault.keys.absent(office.tenant, [before.file_key])
    for table in ("items", "parts", "request_entries"):
        assert await office.rows(f"select id from {table}") == []
    (row,) = await office.rows("select * from requests")
    assert (row.subjects, row.file_key, row.identifiers, row.order_id) == (None, None, None, None)
    assert (row.outcome, row.kind) == ("delivered", "access")
    assert row.due_on is not None
    gone = await office.get(f"/{request}")
    assert (gone.status_code, gone.json()["code"]) == (410, "request_erased")
    assert (await office.get("")).json()["items"] == []


async def test_a_package_is_destroyed_also_after_its_requests_file(office: Any) -> None:
    request, code = await office.ready()
    package = (await office.show(request))["package"]["id"]
    await office.fetch(request, code)
    await order_erasure(office, "request", request)
    await erased(office)
    order = await order_erasure(office, "package", package)
    await eventually(lambda: _answers(office, order))


async def _answers(office: Any, order: UUID) -> bool:
    return str(order) in [each["order"] for each in await office.events("holding.erased")]


async def test_the_file_of_an_open_request_is_not_destroyed_but_told_as_stuck(office: Any) -> None:
    request, _ = await office.reviewed()
    await order_erasure(office, "request", request)

    async def stuck() -> list[dict[str, Any]] | None:
        return await office.events("holding.stuck") or None

    (told,) = await eventually(stuck, within=30)
    assert (told["holding"], told["cause"], told["place"]["kind"]) == (request, "request_open", "rows")
    assert "erasure_stuck" in await office.alarms()
    assert (await office.show(request))["state"] == "review"


@pytest.mark.parametrize("kind", ["recording", "call", "identity", "collection"])
async def test_orders_for_other_services_holdings_are_passed_over(office: Any, kind: str) -> None:
    await order_erasure(office, kind, office.recording)
    assert await office.rows("select id from erasure_orders") == []
    await order_erasure(office, "package", office.recording)
    assert await office.rows("select id from erasure_orders") == []


async def test_an_order_told_twice_is_answered_once(office: Any) -> None:
    request, _ = await office.ready()
    package = (await office.show(request))["package"]["id"]
    await order_erasure(office, "package", package)
    await erased(office)
    await order_erasure(office, "package", package)

    async def nothing_waits() -> bool:
        return not await office.rows("select step from steps where step = 'erase'")

    await eventually(nothing_waits)
    assert len(await office.events("holding.erased")) == 1


async def test_nothing_is_destroyed_while_time_is_in_doubt_until_the_tenant_is_let_go_on(office: Any) -> None:
    request, _ = await office.ready()
    async with office.database.work() as tx:
        await tx.execute("insert into clock_freezes (why) values ('time stepped back')")
    await office.database.tick()
    await order_erasure(office, "package", (await office.show(request))["package"]["id"])
    other = await office.receive()
    await office.confirm(other)
    await office.hand_in(other)
    await office.until(other, "review")
    assert await office.events("holding.erased") == []
    async with office.database.transaction(office.tenant) as tx:
        await release_tenant(tx, by="officer", because="The clock was put right.")
    await erased(office)


async def test_a_package_ordered_gone_while_it_is_made_leaves_nothing_behind(office: Any) -> None:
    request, _ = await office.reviewed()
    await office.post(f"/{request}/decisions", {"all": True, "decision": "give"})
    office.script.silent = {"ingest"}
    await office.post(f"/{request}/package")

    async def placed() -> str | None:
        rows = await office.rows("select id from packages where object_key is not null")
        return str(rows[0].id) if rows else None

    package = await eventually(placed)
    await order_erasure(office, "package", package)
    await office.until(request, "review")
    office.script.silent = set()
    answer = await eventually(lambda: erased(office), within=60)
    assert answer["holding"] == package
    for each in answer["proofs"]:
        kind, where = each["place"]["kind"], each["place"]["id"]
        vault = office.runtime.vault
        assert await (vault.keys.absent(office.tenant, [where]) if kind == "key" else vault.objects.absent(where))
    registered = [place for copy in await office.events("copy.registered") for place in copy["places"]]
    assert {str(each) for each in registered} == {str(each["place"]) for each in answer["proofs"]}
