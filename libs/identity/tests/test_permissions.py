"""Who may do what."""

from datetime import UTC, datetime

import pytest
from recital_identity import PERMISSIONS, Permission, Principal, Role, TokenKind, may


def principal(*roles: Role) -> Principal:
    return Principal(
        kind=TokenKind.ACCESS, subject="user", expires_at=datetime(2026, 1, 1, tzinfo=UTC), roles=frozenset(roles)
    )


def held_by(role: Role) -> set[Permission]:
    return {permission for permission in Permission if may(principal(role), permission)}


def test_every_permission_is_in_the_table_and_somebody_has_it() -> None:
    assert set(PERMISSIONS) == set(Permission)
    assert all(PERMISSIONS.values())


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        PERMISSIONS[Permission.LISTEN] = frozenset(Role)  # type: ignore[index]


def test_without_a_role_nothing_is_permitted() -> None:
    assert not any(may(principal(), permission) for permission in Permission)


def test_one_role_of_several_is_enough() -> None:
    assert may(principal(Role.AUDITOR, Role.REVIEWER), Permission.LISTEN)


@pytest.mark.parametrize("role", [Role.INTEGRATOR, Role.TENANT_ADMIN, Role.AUDITOR, Role.STAFF, Role.OPERATOR])
def test_those_who_have_no_need_to_hear_cannot_listen(role: Role) -> None:
    assert Permission.LISTEN not in held_by(role)


def test_the_operator_sees_tenants_and_health_and_no_tenants_data() -> None:
    tenants = {Permission.OPEN_TENANTS, Permission.READ_TENANTS, Permission.READ_HEALTH}
    assert held_by(Role.OPERATOR) == tenants | {Permission.READ_CLOCK, Permission.RELEASE_CLOCK}


def test_the_portal_only_receives_requests() -> None:
    assert held_by(Role.PORTAL) == {Permission.RECEIVE_REQUESTS}


def test_a_subject_only_opens_the_package() -> None:
    assert held_by(Role.SUBJECT) == {Permission.OPEN_PACKAGE}


def test_staff_write_their_calls_timeline_see_what_concerns_it_and_read_purposes() -> None:
    assert held_by(Role.STAFF) == {Permission.WRITE_TIMELINE, Permission.READ_OWN_CALLS, Permission.READ_PURPOSES}


def test_only_staff_have_calls_of_their_own() -> None:
    assert PERMISSIONS[Permission.READ_OWN_CALLS] == {Role.STAFF}


def test_only_a_privacy_officer_sees_merges_and_corrects_persons_and_decides_what_is_private() -> None:
    for permission in (Permission.MANAGE_SUBJECTS, Permission.DECIDE_PRIVATE_MARKS):
        assert PERMISSIONS[permission] == {Role.PRIVACY_OFFICER}


def test_staff_do_not_write_down_what_persons_say_outside_calls() -> None:
    assert PERMISSIONS[Permission.STATE_FOR_SUBJECTS] == {Role.INTEGRATOR, Role.PRIVACY_OFFICER}


def test_an_auditor_changes_nothing_and_hears_nothing() -> None:
    assert all(permission.value.startswith("read_") for permission in held_by(Role.AUDITOR))


def test_only_the_integrator_brings_audio_in() -> None:
    for permission in (Permission.REGISTER_CALLS, Permission.REQUEST_PERMITS, Permission.SEND_AUDIO):
        assert PERMISSIONS[permission] == {Role.INTEGRATOR}


def test_only_a_privacy_officer_decides_on_requests() -> None:
    assert PERMISSIONS[Permission.HANDLE_REQUESTS] == {Role.PRIVACY_OFFICER}


def test_only_legal_counsel_places_holds() -> None:
    assert PERMISSIONS[Permission.PLACE_HOLDS] == {Role.LEGAL_COUNSEL}


def test_a_principal_never_prints_the_staff_id() -> None:
    shown = Principal(
        kind=TokenKind.ACCESS, subject="user", expires_at=datetime(2026, 1, 1, tzinfo=UTC), staff_id="A-117"
    )
    assert "A-117" not in repr(shown)


def test_staff_and_when_they_no_longer_may_a_privacy_officer_mark_a_call_private() -> None:
    assert PERMISSIONS[Permission.WRITE_TIMELINE] == {Role.INTEGRATOR, Role.STAFF, Role.PRIVACY_OFFICER}
