"""Who may do what: the roles, the permissions, and the one table that joins them.

Rights over a single thing (one's own request, a purpose's roles, a second person) are decided where the thing is owned.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from recital_identity.principal import Principal, Role

__all__ = ["PERMISSIONS", "Permission", "may"]


class Permission(StrEnum):
    """A right to do one kind of thing."""

    OPEN_TENANTS = "open_tenants"
    READ_TENANTS = "read_tenants"
    READ_HEALTH = "read_health"
    READ_CLOCK = "read_clock"
    RELEASE_CLOCK = "release_clock"
    READ_SETTINGS = "read_settings"
    CHANGE_SETTINGS = "change_settings"
    PUBLISH_PURPOSES = "publish_purposes"
    READ_PURPOSES = "read_purposes"
    MANAGE_SOURCES = "manage_sources"
    MANAGE_STAFF = "manage_staff"
    MANAGE_SUBJECTS = "manage_subjects"
    STATE_FOR_SUBJECTS = "state_for_subjects"
    DECIDE_PRIVATE_MARKS = "decide_private_marks"
    READ_OWN_CALLS = "read_own_calls"
    REGISTER_CALLS = "register_calls"
    READ_CALLS = "read_calls"
    WRITE_TIMELINE = "write_timeline"
    REQUEST_PERMITS = "request_permits"
    SEND_AUDIO = "send_audio"
    READ_RECORDINGS = "read_recordings"
    LISTEN = "listen"
    READ_LEDGERS = "read_ledgers"
    READ_HOLDINGS = "read_holdings"
    READ_CERTIFICATES = "read_certificates"
    READ_CLOCKS = "read_clocks"
    PLACE_HOLDS = "place_holds"
    PREVIEW_POLICIES = "preview_policies"
    APPROVE_ERASURES = "approve_erasures"
    RECEIVE_REQUESTS = "receive_requests"
    HANDLE_REQUESTS = "handle_requests"
    READ_REQUESTS = "read_requests"
    OPEN_PACKAGE = "open_package"
    READ_ALARMS = "read_alarms"
    ACKNOWLEDGE_ALARMS = "acknowledge_alarms"


_OPERATOR = frozenset({Role.OPERATOR})
_ADMIN = frozenset({Role.TENANT_ADMIN})
_INTEGRATOR = frozenset({Role.INTEGRATOR})
_OFFICER = frozenset({Role.PRIVACY_OFFICER})
_OVERSIGHT = frozenset({Role.PRIVACY_OFFICER, Role.LEGAL_COUNSEL, Role.AUDITOR})
# R10: who may hear audio at all; the purpose's own roles narrow it further.
_LISTENERS = frozenset({Role.REVIEWER, Role.CASE_HANDLER, Role.PRIVACY_OFFICER, Role.LEGAL_COUNSEL})
_READERS = _LISTENERS | {Role.INTEGRATOR, Role.AUDITOR}
_TENANT = frozenset(Role) - {Role.OPERATOR, Role.PORTAL, Role.SUBJECT}

PERMISSIONS: Mapping[Permission, frozenset[Role]] = MappingProxyType(
    {
        Permission.OPEN_TENANTS: _OPERATOR,
        Permission.READ_TENANTS: _OPERATOR,
        Permission.READ_HEALTH: _OPERATOR,
        Permission.READ_CLOCK: _OPERATOR | _OVERSIGHT,
        # A jump of time: the operator for everyone, an officer for the own tenant.
        Permission.RELEASE_CLOCK: _OPERATOR | _OFFICER,
        Permission.READ_SETTINGS: _ADMIN | {Role.PRIVACY_OFFICER, Role.AUDITOR},
        Permission.CHANGE_SETTINGS: _ADMIN,
        Permission.PUBLISH_PURPOSES: _ADMIN,
        Permission.READ_PURPOSES: _TENANT,
        Permission.MANAGE_SOURCES: _ADMIN,
        Permission.MANAGE_STAFF: _ADMIN,
        # Who a person is, in clear, and which two are one: merging takes two officers, or two verified identifiers.
        Permission.MANAGE_SUBJECTS: _OFFICER,
        # What was said outside calls is of nobody's own call, so not for staff.
        Permission.STATE_FOR_SUBJECTS: _INTEGRATOR | _OFFICER,
        # R18, past the time in which staff may mark.
        Permission.DECIDE_PRIVATE_MARKS: _OFFICER,
        Permission.READ_OWN_CALLS: frozenset({Role.STAFF}),
        Permission.REGISTER_CALLS: _INTEGRATOR,
        Permission.READ_CALLS: _READERS,
        # Staff mark private and stop; an officer marks private when staff no longer may (R18). Consent judges which.
        Permission.WRITE_TIMELINE: _INTEGRATOR | _OFFICER | {Role.STAFF},
        Permission.REQUEST_PERMITS: _INTEGRATOR,
        Permission.SEND_AUDIO: _INTEGRATOR,
        Permission.READ_RECORDINGS: _READERS,
        Permission.LISTEN: _LISTENERS,
        Permission.READ_LEDGERS: _OVERSIGHT,
        Permission.READ_HOLDINGS: _OVERSIGHT,
        Permission.READ_CERTIFICATES: _OVERSIGHT,
        Permission.READ_CLOCKS: _READERS,
        Permission.PLACE_HOLDS: frozenset({Role.LEGAL_COUNSEL}),
        Permission.PREVIEW_POLICIES: _ADMIN | _OFFICER,
        Permission.APPROVE_ERASURES: _OFFICER,
        Permission.RECEIVE_REQUESTS: _OFFICER | {Role.PORTAL},
        Permission.HANDLE_REQUESTS: _OFFICER,
        Permission.READ_REQUESTS: _OFFICER | {Role.AUDITOR},
        Permission.OPEN_PACKAGE: frozenset({Role.SUBJECT}),
        Permission.READ_ALARMS: _OFFICER | _ADMIN | {Role.AUDITOR},
        Permission.ACKNOWLEDGE_ALARMS: _OFFICER | _ADMIN,
    }
)


def may(principal: Principal, permission: Permission) -> bool:
    """Whether one of the principal's roles has the permission. Order and service tokens have no roles, so no."""
    return not principal.roles.isdisjoint(PERMISSIONS[permission])
