"""Events in: every event of the aggregates that retention follows, each handed to one action."""

from recital_database import Handlers, Together, Transaction
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

from recital_retention.actions.asking import lift_restriction, request_erasure, set_restriction
from recital_retention.actions.changing import change_tenant, retire_purpose
from recital_retention.actions.closing import close_tenant
from recital_retention.actions.copies import register_copy
from recital_retention.actions.endings import report_ending
from recital_retention.actions.means import Means
from recital_retention.actions.parts import order_part
from recital_retention.actions.persons import merge_persons, split_persons
from recital_retention.actions.proving import take_answer, take_answers, take_trouble
from recital_retention.actions.recordings import reinstate_permit, revoke_permit, store_recording, suspend_permit
from recital_retention.actions.registering import end_call, open_tenant, publish_purpose, register_call
from recital_retention.actions.requests import close_request, receive_request
from recital_retention.actions.trimming import take_trim
from recital_retention.actions.withdrawals import note_objection, note_rejected, note_upheld, note_withdrawal


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
        HoldingErased: Together(take_answers, take_answer),
        HoldingStuck: take_trouble,
        RequestReceived: receive_request,
        RequestClosed: close_request,
        CollectionOrdered: order_part,
        TenantChanged: change_tenant,
        TenantClosed: close_tenant,
        PurposeRetired: retire_purpose,
        SubjectMerged: merge_persons,
        SubjectSplit: split_persons,
        CallUnended: None,
        PermitSuspended: suspend_permit,
        PermitReinstated: reinstate_permit,
        ConsentWithdrawn: note_withdrawal,
        ObjectionRaised: note_objection,
        EndingReported: report_ending,
        RecordingConfirmed: None,
        RecordingTrimmed: take_trim,
        RecordingRefused: None,
        ErasureRequested: request_erasure,
        RestrictionSet: set_restriction,
        RestrictionLifted: lift_restriction,
        ObjectionUpheld: note_upheld,
        ObjectionRejected: note_rejected,
    }
