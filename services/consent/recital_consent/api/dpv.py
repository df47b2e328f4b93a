"""A record of consent as ISO/IEC TS 27560 has it, in the words of DPV, as JSON-LD; and its receipt.

Consent is recorded in all four parts. A notice and an objection use the same header, processing and parties, and say
what they are: a notice is no consent. Terms that DPV does not have are not made up.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from recital_runtime import rfc3339

from recital_consent.model.purposes import BasisKind, PurposeVersion
from recital_consent.model.recorded import Recorded

CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "loc": "https://w3id.org/dpv/loc#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "dct": "http://purl.org/dc/terms/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "schema": "https://schema.org/",
}
SCHEMA = "https://w3id.org/dpv/schema/dpv-27560#record"
RECEIPT_SCHEMA = "https://w3id.org/dpv/schema/dpv-27560#receipt"
MEDIA_TYPE = "application/ld+json"
_BASES = {
    BasisKind.CONSENT: "eu-gdpr:A6-1-a",
    BasisKind.CONTRACT: "eu-gdpr:A6-1-b",
    BasisKind.LEGAL_OBLIGATION: "eu-gdpr:A6-1-c",
    BasisKind.VITAL_INTERESTS: "eu-gdpr:A6-1-d",
    BasisKind.PUBLIC_TASK: "eu-gdpr:A6-1-e",
    BasisKind.LEGITIMATE_INTERESTS: "eu-gdpr:A6-1-f",
}
# GDPR art. 15 to 21, and, of consent, its withdrawal.
_RIGHTS = ("eu-gdpr:A15", "eu-gdpr:A16", "eu-gdpr:A17", "eu-gdpr:A18", "eu-gdpr:A21")
_WITHDRAWAL = "eu-gdpr:A7-3"
_STATES = {
    "consent_given": "dpv:ConsentGiven",
    "consent": "dpv:ConsentGiven",
    "consent_refused": "dpv:ConsentRefused",
    "consent_withdrawn": "dpv:ConsentWithdrawn",
    "withdrawal": "dpv:ConsentWithdrawn",
}


def record_of(said: Recorded) -> dict[str, Any]:
    """Return the record as JSON-LD."""
    of_consent = said.kind in _STATES
    document = {
        "@context": CONTEXT,
        "@id": f"urn:uuid:{said.ledger_entry}",
        "@type": "dpv:ConsentRecord" if of_consent else "dpv:DataProcessingRecord",
        "dct:conformsTo": {"@id": SCHEMA},
        "dct:identifier": str(said.ledger_entry),
        "dpv:hasDataSubject": {"dct:identifier": str(said.subject)} if said.subject else None,
        "dct:language": said.language,
        "dpv:hasPurpose": [_purpose(said, each) for each in said.purposes],
        "dpv:hasDataController": _controller(said),
        "dpv:hasJurisdiction": {"@id": f"loc:{said.country}"},
        "dpv:hasApplicableLaw": {"@id": "eu-gdpr:GDPR"},
        "dpv:hasRight": [*({"@id": each} for each in _RIGHTS), *(_withdrawal(said) if of_consent else [])],
        "dct:isPartOf": {"@id": f"urn:uuid:{said.call}"} if said.call else None,
        "schema:event": _event(said),
    }
    return {name: value for name, value in document.items() if value is not None}


def receipt_of(said: Recorded, *, issued_at: datetime, proof: Mapping[str, Any]) -> dict[str, Any]:
    """Return the receipt of a record: the record, who issued it when, and the proof that the ledger holds it."""
    record = record_of(said)
    document = {
        "@context": CONTEXT,
        "@type": "dpv:ConsentReceipt" if said.kind in _STATES else "dpv:DataProcessingRecord",
        "dct:conformsTo": {"@id": RECEIPT_SCHEMA},
        "dct:created": rfc3339(issued_at),
        "dct:publisher": _controller(said),
        "schema:recipient": record.get("dpv:hasDataSubject"),
        "dpv:hasRecordOfActivity": {name: value for name, value in record.items() if name != "@context"},
        "proof": dict(proof),
    }
    return {name: value for name, value in document.items() if value is not None}


def _purpose(said: Recorded, purpose: PurposeVersion) -> dict[str, Any]:
    draft = purpose.draft
    text = said.text or draft.notices.get(said.language or "")
    described = {
        "@id": f"urn:uuid:{purpose.id}",
        "@type": "dpv:Purpose",
        "dct:title": draft.title,
        "dct:identifier": purpose.key,
        "dct:hasVersion": str(purpose.version),
        "dpv:hasLegalBasis": {"@id": _BASES[draft.basis.kind]},
        "dpv:hasPersonalData": [{"@id": "pd:VoiceCommunicationRecording"}],
        "dpv:hasStorageCondition": {"@type": "dpv:StorageDuration", "dpv:hasDuration": draft.retention},
        "dpv:hasNotice": {"@type": "dpv:PrivacyNotice", "dct:description": text} if text else None,
    }
    return {name: value for name, value in described.items() if value is not None}


def _withdrawal(said: Recorded) -> list[dict[str, Any]]:
    """The right to take consent back, with the way to do so."""
    ways = dict.fromkeys(each.draft.basis.withdrawal for each in said.purposes if each.draft.basis.withdrawal)
    return [{"@id": _WITHDRAWAL, **({"dct:description": list(ways)} if ways else {})}]


def _controller(said: Recorded) -> dict[str, Any]:
    return {"@type": "dpv:DataController", "dct:identifier": str(said.controller_id), "schema:name": said.controller}


def _event(said: Recorded) -> dict[str, Any]:
    by_controller = said.kind == "notice_played"
    who = str(said.controller_id) if by_controller else (str(said.subject) if said.subject else None)
    event = {
        "dct:type": said.kind,
        "dct:date": rfc3339(said.at),
        "dct:dateSubmitted": rfc3339(said.received_at),
        "dpv:hasConsentStatus": {"@id": _STATES[said.kind]} if said.kind in _STATES else None,
        "dpv:isImplementedByEntity": {"dct:identifier": who} if who else None,
        "schema:roleName": said.party,
    }
    return {name: value for name, value in event.items() if value is not None}
