"""Records of consents, notices and objections: what they say, and that the ledger's proof belongs to them."""

import base64
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from recital_consent.actions import records, stating
from recital_consent.actions.means import LOG
from recital_consent.api.dpv import receipt_of, record_of
from recital_consent.api.records import _proof
from recital_consent.model.calls import EntryKind
from recital_consent.model.purposes import Basis, BasisKind, PurposeDraft, PurposeVersion
from recital_consent.model.recorded import Recorded
from recital_consent.model.statements import Statement, StatementKind
from recital_database.journal import sequence
from recital_errors import NotFound
from recital_identity import Role
from recital_ledger import leaf_data, leaf_hash, read_checkpoint

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk

K = EntryKind
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PURPOSE = PurposeVersion(
    id=UUID(int=3),
    version=2,
    draft=PurposeDraft(
        key="main",
        title="Evidence",
        basis=Basis(kind=BasisKind.CONSENT, withdrawal="By telephone"),
        notices={"nl": "Wij nemen op."},
        retention="P6M",
        roles=frozenset(),
    ),
    notice_sha256={},
    published_at=AT,
    in_force_from=AT,
)
SAID = Recorded(
    kind="consent_given",
    at=AT,
    received_at=AT,
    subject=UUID(int=7),
    party="customer",
    purposes=[PURPOSE],
    language="nl",
    text=None,
    call=UUID(int=5),
    ledger_entry=UUID(int=9),
    controller="Example",
    controller_id=UUID(int=1),
    country="NL",
)


def test_a_record_of_consent_has_its_header_processing_event_and_parties() -> None:
    record = record_of(SAID)
    assert record["@type"] == "dpv:ConsentRecord"
    assert record["dct:conformsTo"] == {"@id": "https://w3id.org/dpv/schema/dpv-27560#record"}
    assert record["dct:identifier"] == str(UUID(int=9))
    assert record["dpv:hasDataSubject"] == {"dct:identifier": str(UUID(int=7))}
    (purpose,) = record["dpv:hasPurpose"]
    assert purpose["dpv:hasLegalBasis"] == {"@id": "eu-gdpr:A6-1-a"}
    assert purpose["dpv:hasStorageCondition"]["dpv:hasDuration"] == "P6M"
    assert purpose["dpv:hasNotice"]["dct:description"] == "Wij nemen op."
    assert record["dpv:hasJurisdiction"] == {"@id": "loc:NL"}
    assert {"@id": "eu-gdpr:A7-3", "dct:description": ["By telephone"]} in record["dpv:hasRight"]
    assert record["schema:event"]["dpv:hasConsentStatus"] == {"@id": "dpv:ConsentGiven"}
    assert record["schema:event"]["dpv:isImplementedByEntity"] == {"dct:identifier": str(UUID(int=7))}
    prefixes = {"dpv", "pd", "loc", "eu-gdpr", "dct", "schema"}
    assert {name.partition(":")[0] for name in record if not name.startswith("@")} <= prefixes


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("consent_refused", "dpv:ConsentRefused"),
        ("withdrawal", "dpv:ConsentWithdrawn"),
        ("notice_played", None),
        ("objected", None),
        ("objection", None),
    ],
)
def test_a_notice_and_an_objection_reuse_the_header_and_are_no_consent(kind: str, status: str | None) -> None:
    record = record_of(replace(SAID, kind=kind, subject=None))
    assert record["schema:event"].get("dpv:hasConsentStatus") == ({"@id": status} if status else None)
    assert (record["@type"] == "dpv:ConsentRecord") == (status is not None)
    assert "dpv:hasDataSubject" not in record
    who = record["schema:event"].get("dpv:isImplementedByEntity")
    assert who == ({"dct:identifier": str(UUID(int=1))} if kind == "notice_played" else None)


def test_a_basis_that_is_no_consent_says_so_and_what_is_not_known_is_left_out() -> None:
    basis = Basis(kind=BasisKind.LEGITIMATE_INTERESTS, document="lia", outcome="fair", review_on=date(2030, 1, 1))
    other = replace(PURPOSE, draft=replace(PURPOSE.draft, basis=basis, notices={}))
    record = record_of(replace(SAID, purposes=[other], call=None, party=None))
    (purpose,) = record["dpv:hasPurpose"]
    assert purpose["dpv:hasLegalBasis"] == {"@id": "eu-gdpr:A6-1-f"}
    assert "dpv:hasNotice" not in purpose
    assert "dct:isPartOf" not in record


def test_a_receipt_holds_the_record_and_says_who_issued_it_and_when() -> None:
    receipt = receipt_of(SAID, issued_at=AT, proof={"size": 1})
    assert receipt["@type"] == "dpv:ConsentReceipt"
    assert receipt["dct:created"] == "2026-03-02T09:00:00Z"
    assert receipt["dct:publisher"]["schema:name"] == "Example"
    assert receipt["dpv:hasRecordOfActivity"]["dct:identifier"] == str(UUID(int=9))
    assert receipt["proof"] == {"size": 1}
    assert json.loads(json.dumps(receipt)) == receipt


async def proven(desk: "Desk", said: Recorded) -> dict[str, Any]:
    async with desk.database.transaction(desk.tenant) as tx:
        await sequence(tx, LOG, lambda _head: "note", "origin")
        found = await records.proof_of(tx, said)
    assert found is not None
    return _proof(found)


async def test_the_record_of_an_entry_carries_the_proof_of_that_very_entry(desk: "Desk") -> None:
    call = await desk.register(entries=(desk.notice(), desk.entry(K.CONSENT_GIVEN, 5, party="customer")))
    entry = f"{K.CONSENT_GIVEN}-5"
    async with desk.database.transaction(desk.tenant) as tx:
        said = await records.record_of_entry(tx, call.id, entry)
        assert await records.proof_of(tx, said) is None
        for unknown in ("nothing", f"{K.NOTICE_PLAYED}-9"):
            with pytest.raises(NotFound):
                await records.record_of_entry(tx, call.id, unknown)
    assert record_of(said)["dpv:hasDataSubject"]["dct:identifier"] in {str(each) for each in call.subjects}
    proof = await proven(desk, said)
    assert proof["entry"]["kind"] == "timeline.consent_given"
    assert proof["entry"]["facts"] == {"call": str(call.id)}
    leaf = leaf_data({name: value for name, value in proof["entry"].items() if name != "position"})
    assert len(leaf_hash(leaf)) == 32
    assert all(base64.b64decode(each) for each in proof["proof"])
    assert callable(read_checkpoint)


async def test_what_was_said_outside_a_call_is_recorded_for_the_purposes_it_is_about(desk: "Desk") -> None:
    call = await desk.ended_call()
    subject = min(each for each in call.subjects if each != desk.agent)
    made = Statement(id=subject, subject=subject, kind=StatementKind.WITHDRAWAL, at=desk.now, received_at=desk.now)
    async with desk.database.transaction(desk.tenant) as tx:
        kept = await stating.state(tx, desk.principal(Role.PRIVACY_OFFICER), made, b"", None)
        said = await records.record_of_statement(tx, kept.id)
        with pytest.raises(NotFound):
            await records.record_of_statement(tx, subject)
    record = record_of(said)
    assert [each["dct:identifier"] for each in record["dpv:hasPurpose"]] == ["main"]
    assert record["schema:event"]["dpv:hasConsentStatus"] == {"@id": "dpv:ConsentWithdrawn"}
    assert (await proven(desk, said))["entry"]["kind"] == "consent.withdrawn"
