"""An example of every event, telling one call's life: from the tenant's opening to the certified erasure.

Made of ids and test values; no example holds personal data, and none is meant to.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from uuid import UUID

from recital_events.calls import (
    CallEnded,
    CallRegistered,
    CallUnended,
    ConsentWithdrawn,
    EndingReported,
    ObjectionRaised,
    PermitReinstated,
    PermitRevoked,
    PermitSuspended,
)
from recital_events.catalogue import CATALOGUE
from recital_events.envelope import Envelope, dataschema_of
from recital_events.erasures import (
    ClockExpired,
    ErasureCertified,
    ErasureOrdered,
    ErasureRequested,
    ErasureWithheld,
    HoldingErased,
    HoldingStuck,
    HoldPlaced,
    HoldReleased,
)
from recital_events.event import Event
from recital_events.nouns import PartyLink, Place, Proof, PurposeSpans, PurposeVersion
from recital_events.recordings import (
    CopyRegistered,
    RecordingConfirmed,
    RecordingMissing,
    RecordingRefused,
    RecordingStored,
    RecordingTrimmed,
)
from recital_events.requests import (
    CollectionOrdered,
    ObjectionRejected,
    ObjectionUpheld,
    PartCollected,
    RectificationDecided,
    RequestClosed,
    RequestReceived,
    RestrictionLifted,
    RestrictionSet,
)
from recital_events.subjects import SubjectMerged, SubjectSplit
from recital_events.tenants import (
    ErasureWindow,
    PurposePublished,
    PurposeRetired,
    TenantChanged,
    TenantClosed,
    TenantErased,
    TenantOpened,
)


def _id(number: int) -> UUID:
    return UUID(f"0199a000-0000-7000-8000-{number:012x}")


def _at(month: int, day: int, hour: int = 9, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, second, tzinfo=UTC)


_TENANT, _PURPOSE, _CALL, _PERMIT, _RECORDING = (_id(number) for number in range(1, 6))
_CUSTOMER, _STAFF = _id(16), _id(17)
_ORDER, _REQUEST, _COLLECTION, _PACKAGE, _PART, _CERTIFICATE = (_id(number) for number in range(32, 38))
_HOLD, _RESTRICTION, _OBJECTION, _RECTIFICATION, _WITHDRAWAL, _ENDING, _UPLOAD = (_id(n) for n in range(38, 45))
_SAME = _id(18)
_TRACK, _KEY = (
    Place(kind="object", id="ingest/0199a000-0000-7000-8000-000000000040"),
    Place(kind="key", id=str(_id(65))),
)
_TRACK_AGAIN, _KEY_AGAIN = (
    Place(kind="object", id="ingest/0199a000-0000-7000-8000-000000000042"),
    Place(kind="key", id=str(_id(67))),
)
_KEPT = PurposeSpans(purposes=("contract_evidence",), spans=((6200, 61400), (75000, 182000)))

_STORY: tuple[Event, ...] = (
    TenantOpened(
        tenant=_TENANT,
        country="NL",
        time_zone="Europe/Amsterdam",
        languages=("nl", "en"),
        number_region="NL",
        opened_at=_at(1, 5),
    ),
    TenantChanged(
        tenant=_TENANT,
        country="NL",
        time_zone="Europe/Amsterdam",
        languages=("nl", "en"),
        number_region="NL",
        holiday_region="DE-BY",
        concurrent_uploads=16,
        erasure_window=ErasureWindow(weekdays=(1, 2, 3, 4, 5), starts_at="22:00", ends_at="04:00"),
        call_record_retention="P1M",
        request_file_retention="P2Y",
        package_retention="P30D",
        read_back_every="P3M",
        staff_voices_muted=True,
        changed_at=_at(1, 5, 10),
    ),
    TenantClosed(tenant=_TENANT, closed_at=_at(9, 1), export_until=_at(10, 1)),
    TenantErased(tenant=_TENANT, erased_at=_at(10, 2)),
    PurposePublished(
        purpose=_PURPOSE,
        key="contract_evidence",
        version=1,
        basis="contract",
        retention="P6M",
        roles=("case_handler",),
        hold_suppressed=True,
        in_force_from=_at(1, 6),
    ),
    PurposeRetired(purpose=_PURPOSE, key="contract_evidence", retired_at=_at(7, 1)),
    SubjectMerged(subject=_CUSTOMER, merged=_SAME, merged_at=_at(2, 3)),
    SubjectSplit(subject=_CUSTOMER, split=_SAME, split_at=_at(2, 4)),
    CallRegistered(
        call=_CALL,
        registered_at=_at(2, 2, 10),
        started_at=None,
        subjects=(_CUSTOMER, _STAFF),
        references=("contract-4711",),
    ),
    CallEnded(
        call=_CALL,
        started_at=_at(2, 2, 10, 0, 5),
        ended_at=_at(2, 2, 10, 3, 7),
        subjects=(_CUSTOMER, _STAFF),
        references=("contract-4711",),
        private=False,
    ),
    CallUnended(call=_CALL, started_at=_at(2, 2, 10, 0, 5), noticed_at=_at(2, 2, 22, 1)),
    PermitSuspended(permit=_PERMIT, call=_CALL, suspended_at=_at(2, 2, 10, 15), reason="private_mark_asked"),
    PermitReinstated(permit=_PERMIT, call=_CALL, reinstated_at=_at(2, 2, 10, 18)),
    ConsentWithdrawn(withdrawal=_WITHDRAWAL, subject=_CUSTOMER, purposes=("quality",), withdrawn_at=_at(2, 5)),
    ObjectionRaised(objection=_OBJECTION, subject=_CUSTOMER, purposes=("quality",), raised_at=_at(2, 6)),
    EndingReported(ending=_ENDING, reference="contract-4711", ended_at=_at(6, 1), reported_at=_at(6, 2)),
    PermitRevoked(
        permit=_PERMIT,
        call=_CALL,
        recording_spans=(PurposeSpans(purposes=("contract_evidence",), spans=((6200, 61400),)),),
        revoked_at=_at(2, 2, 10, 20),
        reason="marked_private",
    ),
    RecordingStored(
        recording=_RECORDING,
        permit=_PERMIT,
        call=_CALL,
        parties=(
            PartyLink(party="customer", subject=_CUSTOMER, kind="customer"),
            PartyLink(party="desk", subject=_STAFF, kind="staff"),
        ),
        spans=(_KEPT,),
        purposes=(PurposeVersion(purpose=_PURPOSE, key="contract_evidence", version=1),),
        answered_at=_at(2, 2, 10, 0, 5),
        call_ended_at=_at(2, 2, 10, 3, 7),
        received_sha256="9f" * 32,
        places=(_TRACK, _KEY),
        stored_at=_at(2, 2, 10, 4),
    ),
    RecordingConfirmed(recording=_RECORDING, call=_CALL, confirmed_at=_at(2, 2, 10, 9)),
    RecordingTrimmed(
        recording=_RECORDING,
        order=_ORDER,
        permit=_PERMIT,
        call=_CALL,
        parties=(PartyLink(party="customer", subject=_CUSTOMER, kind="customer"),),
        spans=(PurposeSpans(purposes=("contract_evidence",), spans=((6200, 61400),)),),
        purposes=(PurposeVersion(purpose=_PURPOSE, key="contract_evidence", version=1),),
        answered_at=_at(2, 2, 10, 0, 5),
        call_ended_at=_at(2, 2, 10, 3, 7),
        received_sha256="9f" * 32,
        places=(_TRACK_AGAIN, _KEY_AGAIN),
        proofs=(Proof(place=_KEY, method="row_deleted", absent_at=_at(2, 2, 10, 22)),),
        trimmed_at=_at(2, 2, 10, 22),
    ),
    RecordingRefused(upload=_UPLOAD, permit=_PERMIT, call=_CALL, code="audio_truncated", refused_at=_at(2, 2, 10, 5)),
    RecordingMissing(call=_CALL, gaps=((75000, 182000),), found_at=_at(2, 3, 10, 4)),
    CopyRegistered(
        holding=_PACKAGE,
        kind="package",
        contains=(_RECORDING, _CALL),
        places=(Place(kind="object", id=f"dsar/{_id(80)}"),),
        subjects=(_CUSTOMER,),
        ends_at=_at(4, 12),
        ends_with=None,
    ),
    ClockExpired(recording=_RECORDING, purpose=_PURPOSE, key="contract_evidence", expired_at=_at(8, 2, 10)),
    HoldPlaced(hold=_HOLD, holding=_RECORDING, kind="recording", placed_at=_at(3, 4)),
    HoldReleased(hold=_HOLD, holding=_RECORDING, kind="recording", released_at=_at(7, 4)),
    ErasureRequested(
        request=_REQUEST,
        holding=_RECORDING,
        kind="recording",
        subjects=(_CUSTOMER,),
        ground="consent_withdrawn",
        requested_at=_at(3, 20),
    ),
    ErasureOrdered(
        order=_ORDER,
        holding=_RECORDING,
        kind="recording",
        spans_kept=(),
        ground="retention_ended",
        control_sequence=1,
        ordered_at=_at(8, 2, 10, 1),
    ),
    ErasureWithheld(
        holding=_RECORDING,
        kind="recording",
        request=_REQUEST,
        ground="legal_claims",
        until=None,
        withheld_at=_at(3, 20, 9, 1),
    ),
    ErasureCertified(
        certificate=_CERTIFICATE,
        order=_ORDER,
        holding=_RECORDING,
        kind="recording",
        ground="retention_ended",
        certified_at=_at(8, 2, 10, 3),
    ),
    HoldingErased(
        order=_ORDER,
        holding=_RECORDING,
        kind="recording",
        proofs=(
            Proof(place=_KEY, method="row_deleted", absent_at=_at(8, 2, 10, 2)),
            Proof(place=_TRACK, method="all_versions_listed", absent_at=_at(8, 2, 10, 2, 30)),
        ),
        erased_at=_at(8, 2, 10, 2, 30),
    ),
    HoldingStuck(
        order=_ORDER,
        holding=_RECORDING,
        kind="recording",
        place=_TRACK,
        since=_at(8, 2, 10, 2),
        cause="store_unavailable",
    ),
    RequestReceived(request=_REQUEST, kind="access", subjects=(_CUSTOMER,), received_at=_at(3, 2)),
    RequestClosed(request=_REQUEST, outcome="delivered", closed_at=_at(3, 13)),
    CollectionOrdered(order=_COLLECTION, request=_REQUEST, subjects=(_CUSTOMER,), ordered_at=_at(3, 3)),
    PartCollected(
        part=_PART,
        order=_COLLECTION,
        request=_REQUEST,
        service="ingest",
        items=2,
        size=1834,
        sha256="c4" * 32,
        collected_at=_at(3, 3, 9, 1),
    ),
    RestrictionSet(
        restriction=_RESTRICTION,
        request=_REQUEST,
        holding=_RECORDING,
        kind="recording",
        ground="accuracy_contested",
        set_at=_at(3, 5),
    ),
    RestrictionLifted(
        restriction=_RESTRICTION, request=_REQUEST, holding=_RECORDING, kind="recording", lifted_at=_at(3, 25)
    ),
    ObjectionUpheld(
        objection=_OBJECTION,
        request=_REQUEST,
        subjects=(_CUSTOMER,),
        purposes=("quality",),
        decided_at=_at(3, 12),
    ),
    ObjectionRejected(
        objection=_OBJECTION, request=_REQUEST, subjects=(_CUSTOMER,), purposes=("training",), decided_at=_at(3, 12)
    ),
    RectificationDecided(
        rectification=_RECTIFICATION, request=_REQUEST, holding=_CALL, kind="call", decided_at=_at(3, 13)
    ),
)

EXAMPLES: Mapping[str, Event] = MappingProxyType({event.name: event for event in _STORY})
"""One example per event of the catalogue, by name."""


def example_envelope(name: str) -> Envelope:
    """Return an example as it travels, told by its first producer."""
    event, kind = EXAMPLES[name], CATALOGUE[name]
    return Envelope(
        id=_id(4096 + list(CATALOGUE).index(name)),
        source=f"recital/{kind.producers[0]}",
        type=f"recital.{name}",
        subject=str(event.aggregate_id),
        time=_at(8, 2, 10, 5),
        dataschema=dataschema_of(kind),
        tenant=_TENANT,
        version=1,
        epoch=1,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        data=event.model_dump(mode="json"),
    )
