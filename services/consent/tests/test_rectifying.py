"""Corrections stand beside calls and identities: fetched, sealed, given to the person, gone with what they correct."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from recital_consent.actions import collecting, erasing, rectifying, subjects, sweeping
from recital_consent.actions.means import Means
from recital_database import new_id
from recital_errors import Unavailable
from recital_events import CollectionOrdered, RectificationDecided
from recital_identity import Principal, TokenKind

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk

TEXT = "It was about Maple Street, not Marble Street."


class Dsar:
    """What dsar answers to whoever asks for the text of a correction."""

    def __init__(self) -> None:
        self.answer = httpx.Response(200, json={"text": TEXT})

    def __getitem__(self, name: str) -> "Dsar":
        assert name == "dsar"
        return self

    def service_token(self, _audience: str) -> str:
        return "token"

    async def get(self, _path: str, *, token: str) -> httpx.Response:
        assert token
        return self.answer


@pytest.fixture
def dsar(monkeypatch: pytest.MonkeyPatch) -> Dsar:
    made = Dsar()
    monkeypatch.setattr(Means, "neighbours", made)
    return made


async def decide(desk: "Desk", holding: UUID, kind: str) -> UUID:
    async with desk.database.transaction(desk.tenant) as tx:
        ids = {"rectification": await new_id(tx), "request": await new_id(tx), "holding": holding}
        event = RectificationDecided.model_validate({**ids, "kind": kind, "decided_at": tx.now})
        await rectifying.take_rectification(tx, event)
    return event.rectification


async def beside(desk: "Desk", holding: UUID) -> list[str]:
    async with desk.database.transaction(desk.tenant) as tx:
        return [each.text for each in await rectifying.read_rectifications(desk.means, tx, [holding])]


async def collected(desk: "Desk", subject: UUID) -> dict[str, Any]:
    """Collect a person's part and return its items by kind."""
    async with desk.database.transaction(desk.tenant) as tx:
        ids = {"order": await new_id(tx), "request": await new_id(tx)}
        event = CollectionOrdered.model_validate({**ids, "subjects": [subject], "ordered_at": tx.now})
        await collecting.take_order(tx, event)
    await collecting.collect_due(desk.means)
    under = Principal(
        kind=TokenKind.ORDER, subject="dsar", expires_at=desk.now, tenant=desk.tenant, request=event.request
    )
    _, pieces = await collecting.read_part(desk.means, under, event.order)
    items = json.loads(b"".join([piece async for piece in pieces]))["items"]
    return {each["kind"]: each for each in items}


async def customer_of(desk: "Desk") -> tuple[UUID, UUID]:
    call = await desk.ended_call()
    (customer,) = set(call.subjects) - {desk.agent}
    return call.id, customer


async def test_a_correction_of_a_call_stands_beside_it_sealed_and_is_gone_with_it(
    desk: "Desk", dsar: Dsar, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, customer = await customer_of(desk)
    rectification = await decide(desk, call, "call")
    await rectifying.rectify_due(desk.means)
    await rectifying.rectify_due(desk.means)
    assert await beside(desk, call) == [TEXT]
    assert await desk.count("rectifications_due") == 0
    async with desk.database.transaction(desk.tenant) as tx:
        row = (await tx.execute("select r::text as whole, sealed, key_id from rectifications r")).one()
    assert ("Maple" in row.whole, b"Maple" in row.sealed) == (False, False)
    facts = {"rectification": str(rectification), "holding": str(call), "kind": "call"}
    assert await desk.ledger("holding.rectified") == [facts]
    copy = (await desk.events("copy.registered"))[-1]
    assert (copy["holding"], copy["places"]) == (str(call), [{"kind": "key", "id": str(row.key_id)}])
    assert str(customer) in copy["subjects"]
    # Its key is named: whoever sweeps orphans away passes it over.
    monkeypatch.setattr(sweeping, "SETTLED", timedelta())
    await sweeping.sweep_keys(desk.means)
    items = await collected(desk, customer)
    assert [each["text"] for each in items["call"]["rectifications"]] == [TEXT]
    assert "rectifications" not in items["identity"]
    await desk.order_erasure(call, "call")
    await erasing.erase_due(desk.means)
    assert await desk.count("rectifications") == 0
    assert await desk.means.vault.keys.absent(desk.tenant, [row.key_id])
    (erased,) = await desk.events("holding.erased")
    assert str(row.key_id) in {each["place"]["id"] for each in erased["proofs"]}


async def test_a_correction_of_a_person_lies_under_their_own_key_and_is_gone_with_it(desk: "Desk", dsar: Dsar) -> None:
    _, customer = await customer_of(desk)
    await decide(desk, customer, "identity")
    await rectifying.rectify_due(desk.means)
    assert await desk.count("rectifications", "key_id in (select key_id from subjects)") == 1
    async with desk.database.transaction(desk.tenant) as tx:
        shown = await subjects.read_person(desk.means, tx, customer)
    assert [each.text for each in shown.corrected] == [TEXT]
    items = await collected(desk, customer)
    assert [each["text"] for each in items["identity"]["rectifications"]] == [TEXT]
    await decide(desk, customer, "identity")
    await desk.order_erasure(customer, "identity")
    await erasing.erase_due(desk.means)
    assert [await desk.count(table) for table in ("rectifications", "rectifications_due")] == [0, 0]


async def test_a_text_that_dsar_does_not_give_is_fetched_later_and_none_where_its_file_is_over(
    desk: "Desk", dsar: Dsar
) -> None:
    call, _ = await customer_of(desk)
    await decide(desk, call, "call")
    dsar.answer = httpx.Response(503)
    with pytest.raises(Unavailable):
        await rectifying.rectify_due(desk.means)
    assert await desk.count("rectifications_due", "due_at > recital_now()") == 1
    async with desk.database.transaction(desk.tenant) as tx:
        await tx.execute("update rectifications_due set due_at = recital_now()")
    dsar.answer = httpx.Response(404)
    await rectifying.rectify_due(desk.means)
    assert [await desk.count(table) for table in ("rectifications", "rectifications_due")] == [0, 0]


@pytest.mark.parametrize("kind", ["call", "identity"])
async def test_what_is_being_erased_or_was_never_there_gets_no_correction_and_leaves_no_key(
    desk: "Desk", dsar: Dsar, kind: str
) -> None:
    call, customer = await customer_of(desk)
    await desk.order_erasure(call if kind == "call" else customer, kind)
    await erasing.erase_due(desk.means)
    for holding in (call if kind == "call" else customer, UUID(int=9)):
        await decide(desk, holding, kind)
    keys = await desk.means.vault.keys.listed(desk.tenant, older_than=timedelta())
    await rectifying.rectify_due(desk.means)
    assert [await desk.count(table) for table in ("rectifications", "rectifications_due")] == [0, 0]
    after = await desk.means.vault.keys.listed(desk.tenant, older_than=timedelta())
    assert {each.id for each in after} == {each.id for each in keys}


async def test_a_correction_of_a_recording_is_another_services(desk: "Desk") -> None:
    await decide(desk, UUID(int=9), "recording")
    assert await desk.count("rectifications_due") == 0
