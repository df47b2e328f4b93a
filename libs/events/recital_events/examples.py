"""An example of every event, telling one call's life: from the tenant's opening to the certified erasure.

Made of ids and test values; no example holds personal data, and none is meant to.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from uuid import UUID

from recital_events.calls import CallEnded, CallRegistered, PermitRevoked
from recital_events.catalogue import CATALOGUE
from recital_events.envelope import Envelope, dataschema_of
from recital_events.erasures import ClockExpired, ErasureCertified, ErasureOrdered, HoldingErased, HoldingStuck
from recital_events.event import Event
from recital_events.nouns import PartyLink, Place, Proof, PurposeSpans, PurposeVersion
from recital_events.recordings import CopyRegistered, RecordingStored
from recital_events.requests import CollectionOrdered, PartCollected, RequestClosed, RequestReceived
from recital_events.tenants import PurposePublished, TenantOpened


def _id(number: int) -> UUID:
    return UUID(f"0199a000-0000-7000-8000-{number:012x}")


def _at(month: int, day: int, hour: int = 9, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, second, tzinfo=UTC)


_TENANT, _PURPOSE, _CALL, _PERMIT, _RECORDING = (_id(number) for number in range(1, 6))
_CUSTOMER, _STAFF = _id(16), _id(17)
_ORDER, _REQUEST, _COLLECTION, _PACKAGE, _PART, _CERTIFICATE = (_id(number) for number in range(32, 38))
_TRACK, _KEY = (
    Place(kind="object", id="ingest/0199a000-0000-7000-8000-000000000040"),
    Place(kind="key", id=str(_id(65))),
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
    ErasureOrdered(
        order=_ORDER,
        holding=_RECORDING,
        kind="recording",
        spans_kept=(),
        ground="retention_ended",
        control_sequence=1,
        ordered_at=_at(8, 2, 10, 1),
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
