"""Events in: every event of the aggregates that retention follows, each handed to one action."""

from recital_database import Handlers, Transaction
from recital_events import (
    CallEnded,
    CallRegistered,
    CallUnended,
    CollectionOrdered,
    ConsentWithdrawn,
    CopyRegistered,
    EndingReported,
    ErasureRequested,
    HoldingErased,
    HoldingStuck,
    ObjectionRaised,
    ObjectionRejected,
    ObjectionUpheld,
    PermitReinstated,
    PermitRevoked,
    PermitSuspended,
    PurposePublished,
    PurposeRetired,
    RecordingConfirmed,
    RecordingRefused,
    RecordingStored,
    RecordingTrimmed,
    RequestClosed,
    RequestReceived,
    RestrictionLifted,
    RestrictionSet,
    SubjectMerged,
    SubjectSplit,
    TenantChanged,
    TenantClosed,
    TenantOpened,
)

from recital_retention.actions.copies import register_copy
from recital_retention.actions.means import Means
from recital_retention.actions.parts import order_part
from recital_retention.actions.proving import take_answer, take_trouble
from recital_retention.actions.recordings import revoke_permit, store_recording
from recital_retention.actions.registering import end_call, open_tenant, publish_purpose, register_call
from recital_retention.actions.requests import close_request, receive_request


def handlers(means: Means) -> Handlers:
    """Return what is done on each event."""

    async def tenant_opened(tx: Transaction, event: TenantOpened) -> None:
        await open_tenant(tx, means.vault, event)

    return {
        TenantOpened: tenant_opened,
        PurposePublished: publish_purpose,
        CallRegistered: register_call,
        CallEnded: end_call,
        PermitRevoked: revoke_permit,
        RecordingStored: store_recording,
        CopyRegistered: register_copy,
        HoldingErased: take_answer,
        HoldingStuck: take_trouble,
        RequestReceived: receive_request,
        RequestClosed: close_request,
        CollectionOrdered: order_part,
        TenantChanged: None,
        TenantClosed: None,
        PurposeRetired: None,
        SubjectMerged: None,
        SubjectSplit: None,
        CallUnended: None,
        PermitSuspended: None,
        PermitReinstated: None,
        ConsentWithdrawn: None,
        ObjectionRaised: None,
        EndingReported: None,
        RecordingConfirmed: None,
        RecordingTrimmed: None,
        RecordingRefused: None,
        ErasureRequested: None,
        RestrictionSet: None,
        RestrictionLifted: None,
        ObjectionUpheld: None,
        ObjectionRejected: None,
    }
