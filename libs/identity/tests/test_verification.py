"""From a token to the one who asks."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recital_errors import Forbidden, Unauthenticated
from recital_identity import (
    KeySet,
    LocalIssuer,
    Order,
    Principal,
    Role,
    SigningKey,
    TokenKind,
    has_expired,
    issue_order,
    issue_service,
    issue_subject,
    read_permit,
    sign,
    verify_access,
    verify_order,
    verify_service,
    verify_subject,
)

TENANT = UUID("01932c07-0000-7000-8000-000000000001")
REQUEST = UUID("01932c07-0000-7000-8000-000000000002")
SUBJECT = UUID("01932c07-0000-7000-8000-000000000003")
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ISSUER = "https://login.example"
MISSING = object()

Refusal = Callable[..., str]

ACCESS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "recital",
    "sub": "user-1",
    "iat": SECONDS,
    "exp": SECONDS + 300,
    "tenant": str(TENANT),
    "roles": ["reviewer", "auditor"],
    "staff_id": "A-117",
}
ORDER: dict[str, Any] = {
    "iss": "recital/dsar",
    "aud": "consent",
    "sub": "dsar",
    "iat": SECONDS,
    "exp": SECONDS + 900,
    "tenant": str(TENANT),
    "request": str(REQUEST),
    "actions": ["collect", "resolve"],
    "subjects": [str(SUBJECT)],
}
SERVICE: dict[str, Any] = {
    "iss": "recital/ingest",
    "aud": "consent",
    "sub": "ingest",
    "iat": SECONDS,
    "exp": SECONDS + 60,
}
SESSION: dict[str, Any] = {
    "iss": "recital/dsar",
    "aud": "dsar",
    "sub": str(REQUEST),
    "iat": SECONDS,
    "exp": SECONDS + 900,
    "tenant": str(TENANT),
    "request": str(REQUEST),
}
KEY = SigningKey.generate()
KEYS = KeySet.of(KEY)


def changed(claims: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**claims, **changes}.items() if value is not MISSING}


def access(now: datetime = NOW, **changes: Any) -> Principal:
    token = sign(TokenKind.ACCESS, changed(ACCESS, changes), KEY)
    return verify_access(token, KEYS, issuer=ISSUER, audience="recital", now=now)


def order(now: datetime = NOW, **changes: Any) -> Principal:
    return verify_order(sign(TokenKind.ORDER, changed(ORDER, changes), KEY), KEYS, audience="consent", now=now)


def service(now: datetime = NOW, **changes: Any) -> Principal:
    return verify_service(sign(TokenKind.SERVICE, changed(SERVICE, changes), KEY), KEYS, audience="consent", now=now)


def session(now: datetime = NOW, **changes: Any) -> Principal:
    return verify_subject(sign(TokenKind.SUBJECT, changed(SESSION, changes), KEY), KEYS, now=now)


ALL = pytest.mark.parametrize("verify", [access, order, service, session])


def code_of(verify: Callable[..., Principal], **changes: Any) -> str:
    with pytest.raises(Unauthenticated) as refused:
        verify(**changes)
    return refused.value.code


def test_an_access_token_shows_who_asks() -> None:
    assert access() == Principal(
        kind=TokenKind.ACCESS,
        subject="user-1",
        expires_at=NOW + timedelta(seconds=300),
        tenant=TENANT,
        roles=frozenset({Role.REVIEWER, Role.AUDITOR}),
        staff_id="A-117",
    )
    assert access(staff_id=MISSING).staff_id is None
    assert access(roles=[]).roles == frozenset()


def test_an_order_shows_the_request_and_has_no_role() -> None:
    assert order() == Principal(
        kind=TokenKind.ORDER,
        subject="dsar",
        expires_at=NOW + timedelta(minutes=15),
        tenant=TENANT,
        request=REQUEST,
        actions=frozenset({"collect", "resolve"}),
        subjects=frozenset({SUBJECT}),
    )
    assert order(subjects=[]).subjects == frozenset()


def test_a_service_shows_its_name_and_has_no_tenant() -> None:
    assert service() == Principal(kind=TokenKind.SERVICE, subject="ingest", expires_at=NOW + timedelta(seconds=60))


def test_a_subject_is_bound_to_one_request() -> None:
    assert session() == Principal(
        kind=TokenKind.SUBJECT,
        subject=str(REQUEST),
        expires_at=NOW + timedelta(minutes=15),
        tenant=TENANT,
        roles=frozenset({Role.SUBJECT}),
        request=REQUEST,
    )


@ALL
def test_a_token_is_good_until_thirty_seconds_after_its_end(verify: Callable[..., Principal]) -> None:
    end = verify().expires_at
    assert verify(now=end + timedelta(seconds=29, microseconds=999_999))
    assert code_of(verify, now=end + timedelta(seconds=30)) == "token_expired"


@ALL
def test_a_token_is_good_from_thirty_seconds_before_its_beginning(verify: Callable[..., Principal]) -> None:
    assert verify(now=NOW - timedelta(seconds=30))
    assert code_of(verify, now=NOW - timedelta(seconds=31)) == "token_not_yet_valid"
    assert code_of(verify, nbf=SECONDS + 31) == "token_not_yet_valid"
    assert verify(nbf=SECONDS + 30)
    assert verify(nbf=SECONDS + 29.5)


@ALL
def test_a_clock_ten_minutes_off_is_refused(verify: Callable[..., Principal]) -> None:
    assert code_of(verify, now=NOW - timedelta(minutes=10)) == "token_not_yet_valid"
    assert code_of(verify, now=verify().expires_at + timedelta(minutes=10)) == "token_expired"


@ALL
@pytest.mark.parametrize("issuer", [MISSING, None, "", "https://login.example/", "recital/consent", ["recital/dsar"]])
def test_another_issuer_is_refused(verify: Callable[..., Principal], issuer: Any) -> None:
    assert code_of(verify, iss=issuer) == "token_wrong_issuer"


@ALL
@pytest.mark.parametrize("audience", [MISSING, None, "", "retention", [], ["retention"], {"consent": 1}, 7])
def test_another_audience_is_refused(verify: Callable[..., Principal], audience: Any) -> None:
    assert code_of(verify, aud=audience) == "token_wrong_audience"


def test_an_identity_provider_may_name_several_audiences_and_our_own_tokens_name_one() -> None:
    assert access(aud=["account", "recital"])
    assert code_of(order, aud=["consent"]) == "token_wrong_audience"
    assert code_of(service, aud=["consent"]) == "token_wrong_audience"


@ALL
@pytest.mark.parametrize("name", ["iat", "exp", "nbf"])
@pytest.mark.parametrize("value", ["1", True, -1, 1e300, 10**12, [], {}])
def test_a_time_that_is_none_is_refused(verify: Callable[..., Principal], name: str, value: Any) -> None:
    assert code_of(verify, **{name: value}) == "token_malformed"


@ALL
@pytest.mark.parametrize("name", ["iat", "exp", "sub"])
def test_what_every_token_needs_may_not_be_missing(verify: Callable[..., Principal], name: str) -> None:
    assert code_of(verify, **{name: MISSING}) == "token_malformed"


@ALL
@pytest.mark.parametrize("subject", ["", 7, None, "a\nb", "a\x00", "\ud800", "x" * 201])
def test_a_subject_that_is_no_plain_text_is_refused(verify: Callable[..., Principal], subject: Any) -> None:
    assert code_of(verify, sub=subject) == "token_malformed"


@pytest.mark.parametrize("verify", [access, order, session])
@pytest.mark.parametrize("tenant", [MISSING, None, "", "acme", 7, str(TENANT).upper(), TENANT.hex, f"{{{TENANT}}}"])
def test_without_a_tenant_in_its_one_spelling_a_token_is_refused(verify: Callable[..., Principal], tenant: Any) -> None:
    assert code_of(verify, tenant=tenant) == "token_malformed"


@pytest.mark.parametrize("role", ["root", "", "Reviewer", "reviewer ", "subject", 7, None, ["reviewer"], {}])
def test_an_unknown_role_refuses_the_whole_token(role: Any) -> None:
    assert code_of(access, roles=["reviewer", role]) == "token_unknown_role"


@pytest.mark.parametrize("roles", [MISSING, None, "reviewer", {"reviewer": True}])
def test_roles_that_are_no_list_are_refused(roles: Any) -> None:
    assert code_of(access, roles=roles) == "token_malformed"


def test_the_operator_alone_has_no_tenant() -> None:
    operator = access(roles=["operator"], tenant=MISSING)
    assert (operator.tenant, operator.roles) == (None, frozenset({Role.OPERATOR}))
    assert code_of(access, roles=["operator"]) == "token_operator_has_no_tenant"
    assert code_of(access, roles=["operator", "tenant_admin"]) == "token_operator_has_no_tenant"
    assert code_of(access, roles=["operator", "tenant_admin"], tenant=MISSING) == "token_malformed"
    assert code_of(access, roles=[], tenant=MISSING) == "token_malformed"


@pytest.mark.parametrize("staff_id", ["", 7, ["A"], "a\nb", "x" * 201])
def test_a_staff_id_that_is_no_plain_text_is_refused(staff_id: Any) -> None:
    assert code_of(access, staff_id=staff_id) == "token_malformed"


@pytest.mark.parametrize("actions", [MISSING, None, [], "collect", [7], [""]])
def test_an_order_without_actions_is_refused(actions: Any) -> None:
    assert code_of(order, actions=actions) == "token_malformed"


@pytest.mark.parametrize("subjects", [MISSING, None, str(SUBJECT), ["nobody"], [None]])
def test_an_order_whose_subjects_are_no_ids_is_refused(subjects: Any) -> None:
    assert code_of(order, subjects=subjects) == "token_malformed"


@pytest.mark.parametrize("verify", [order, session])
def test_an_order_or_session_without_request_is_refused(verify: Callable[..., Principal]) -> None:
    assert code_of(verify, request=MISSING) == "token_malformed"


def test_orders_and_service_tokens_may_not_last_long() -> None:
    assert code_of(order, exp=SECONDS + 901) == "token_lasts_too_long"
    assert code_of(service, exp=SECONDS + 61) == "token_lasts_too_long"


def test_a_service_speaks_only_in_its_own_name_and_for_no_tenant() -> None:
    assert code_of(service, sub="retention") == "token_wrong_issuer"
    assert code_of(service, tenant=str(TENANT)) == "token_malformed"


def test_no_kind_is_accepted_in_anothers_place() -> None:
    claims = {**ACCESS, **ORDER, "iss": "recital/dsar", "roles": ["reviewer"]}
    for kind in set(TokenKind) - {TokenKind.ORDER}:
        with pytest.raises(Unauthenticated) as refused:
            verify_order(sign(kind, claims, KEY), KEYS, audience="consent", now=NOW)
        assert refused.value.code == "token_wrong_type"


def test_a_permit_is_from_consent_for_ingest_and_its_end_is_asked_apart() -> None:
    claims: dict[str, Any] = {"iss": "recital/consent", "aud": "ingest", "iat": SECONDS, "exp": SECONDS + 900}
    read = read_permit(sign(TokenKind.PERMIT, claims, KEY), KEYS)
    assert read == claims
    assert not has_expired(read, NOW + timedelta(minutes=15, seconds=29))
    assert has_expired(read, NOW + timedelta(minutes=15, seconds=30))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "recital/ingest"}, "permit_wrong_issuer"),
        ({"aud": "consent"}, "permit_wrong_audience"),
        ({"exp": None}, "permit_malformed"),
        ({"iat": "now"}, "permit_malformed"),
    ],
)
def test_a_permit_of_another_or_for_another_is_forbidden(changes: dict[str, Any], code: str) -> None:
    claims: dict[str, Any] = {"iss": "recital/consent", "aud": "ingest", "iat": SECONDS, "exp": SECONDS + 900}
    with pytest.raises(Forbidden) as refused:
        read_permit(sign(TokenKind.PERMIT, {**claims, **changes}, KEY), KEYS)
    assert refused.value.code == code


def test_the_local_issuers_tokens_are_accepted(issuer: LocalIssuer, now: datetime) -> None:
    token = issuer.access_token(
        audience="recital",
        tenant=TENANT,
        roles=[Role.STAFF],
        subject="agent-7",
        now=now,
        lifetime=timedelta(hours=1),
        staff_id="A-117",
    )
    principal = verify_access(token, issuer.keys, issuer=issuer.issuer, audience="recital", now=now)
    assert (principal.tenant, principal.roles, principal.staff_id) == (TENANT, frozenset({Role.STAFF}), "A-117")
    assert (principal.subject, principal.expires_at) == ("agent-7", now + timedelta(hours=1))


def test_the_local_issuers_operator_has_no_tenant(issuer: LocalIssuer, now: datetime) -> None:
    token = issuer.access_token(
        audience="recital",
        tenant=None,
        roles={Role.OPERATOR},
        subject="operator",
        now=now,
        lifetime=timedelta(minutes=5),
    )
    assert verify_access(token, issuer.keys, issuer=issuer.issuer, audience="recital", now=now).tenant is None


def test_issued_orders_sessions_and_service_tokens_are_accepted() -> None:
    wanted = Order(tenant=TENANT, request=REQUEST, actions=frozenset({"collect"}), subjects=frozenset({SUBJECT}))
    found = verify_order(issue_order(wanted, KEY, audience="ingest", now=NOW), KEYS, audience="ingest", now=NOW)
    assert (found.tenant, found.request, found.actions, found.subjects) == (
        TENANT,
        REQUEST,
        frozenset({"collect"}),
        frozenset({SUBJECT}),
    )
    caller = verify_service(issue_service("dsar", KEY, audience="ingest", now=NOW), KEYS, audience="ingest", now=NOW)
    assert caller.subject == "dsar"
    token = issue_subject(KEY, tenant=TENANT, request=REQUEST, now=NOW, lifetime=timedelta(minutes=30))
    person = verify_subject(token, KEYS, now=NOW)
    assert (person.tenant, person.request) == (TENANT, REQUEST)


def test_a_token_issued_within_a_second_is_good_at_once() -> None:
    moment = NOW + timedelta(microseconds=999_999)
    assert verify_service(issue_service("dsar", KEY, audience="a", now=moment), KEYS, audience="a", now=moment)


@given(
    st.sampled_from(sorted(ACCESS)),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=6,
    ),
)
def test_whatever_stands_in_a_claim_the_answer_is_a_principal_or_a_refusal(name: str, value: Any) -> None:
    try:
        principal = access(**{name: value})
    except Unauthenticated:
        return
    assert principal.roles <= set(Role) - {Role.SUBJECT}
    assert principal.tenant == TENANT
