"""Events in: what ingest does on each event it follows."""

from functools import partial

from recital_database import Handlers, Together
from recital_events import (
    ClockExpired,
    CollectionOrdered,
    ErasureCertified,
    ErasureOrdered,
    ErasureWithheld,
    HoldPlaced,
    HoldReleased,
    PermitReinstated,
    PermitRevoked,
    PermitSuspended,
    PurposePublished,
    PurposeRetired,
    RectificationDecided,
    RequestClosed,
    RequestReceived,
    RestrictionLifted,
    RestrictionSet,
    SubjectMerged,
    SubjectSplit,
    TenantChanged,
    TenantClosed,
    TenantErased,
    TenantOpened,
)

from recital_ingest.actions import annotating, binding, collecting, erasing, facts, permits
from recital_ingest.actions.means import Means


def handlers(means: Means) -> Handlers:
    """Return the handler of every event; None where only the aggregate's version is followed."""

    return {
        TenantOpened: partial(facts.open_tenant, means),
        PurposePublished: facts.publish_purpose,
        PermitRevoked: permits.revoke,
        ClockExpired: Together(facts.expire_clocks),
        ErasureOrdered: Together(erasing.take_orders),
        ErasureCertified: None,
        RequestReceived: facts.receive_request,
        RequestClosed: facts.close_request,
        CollectionOrdered: collecting.take_order,
        TenantChanged: facts.change_tenant,
        TenantClosed: facts.close_tenant,
        TenantErased: partial(facts.erase_tenant, means),
        PurposeRetired: None,
        SubjectMerged: binding.merge,
        SubjectSplit: binding.split,
        PermitSuspended: permits.suspend,
        PermitReinstated: permits.reinstate,
        HoldPlaced: binding.hold,
        HoldReleased: binding.release,
        ErasureWithheld: None,
        RestrictionSet: binding.restrict,
        RestrictionLifted: binding.lift,
        RectificationDecided: annotating.take_rectification,
    }
