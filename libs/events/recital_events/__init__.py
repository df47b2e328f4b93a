"""What services tell each other: the event catalogue."""

from recital_events.calls import CallEnded, CallRegistered, PermitRevoked
from recital_events.catalogue import (
    CATALOGUE,
    SERVICES,
    consumed_by,
    produced_by,
    services_of,
    subject_of,
    subjects_consumed_by,
    subjects_produced_by,
)
from recital_events.envelope import CONTENT_TYPE, Envelope, dataschema_of
from recital_events.erasures import ClockExpired, ErasureCertified, ErasureOrdered, HoldingErased, HoldingStuck
from recital_events.event import Code, Event, Instant, Sha256
from recital_events.nouns import (
    HoldingKind,
    PartyKind,
    PartyLink,
    Place,
    Proof,
    PurposeSpans,
    PurposeVersion,
    Span,
)
from recital_events.recordings import CopyRegistered, RecordingStored
from recital_events.requests import CollectionOrdered, PartCollected, RequestClosed, RequestKind, RequestReceived
from recital_events.tenants import Basis, PurposePublished, TenantOpened

__all__ = [
    "CATALOGUE",
    "CONTENT_TYPE",
    "SERVICES",
    "Basis",
    "CallEnded",
    "CallRegistered",
    "ClockExpired",
    "Code",
    "CollectionOrdered",
    "CopyRegistered",
    "Envelope",
    "ErasureCertified",
    "ErasureOrdered",
    "Event",
    "HoldingErased",
    "HoldingKind",
    "HoldingStuck",
    "Instant",
    "PartCollected",
    "PartyKind",
    "PartyLink",
    "PermitRevoked",
    "Place",
    "Proof",
    "PurposePublished",
    "PurposeSpans",
    "PurposeVersion",
    "RecordingStored",
    "RequestClosed",
    "RequestKind",
    "RequestReceived",
    "Sha256",
    "Span",
    "TenantOpened",
    "consumed_by",
    "dataschema_of",
    "produced_by",
    "services_of",
    "subject_of",
    "subjects_consumed_by",
    "subjects_produced_by",
]
