"""May this purpose be published: everything its ground, its listeners and the staff's protection ask for, at once."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import isodate
from recital_identity import PERMISSIONS, Permission

from recital_consent.model.problems import Problem
from recital_consent.model.purposes import (
    Basis,
    BasisKind,
    CouncilKind,
    Monitoring,
    PurposeDraft,
    PurposeVersion,
    RetentionFrom,
    StaffSafeguards,
    WorksCouncil,
)

# Purposes that are always there and that no clock ends: nobody may publish one of their names.
BUILT_IN = frozenset({"subject_request", "legal_claims"})
_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})*")
# Whole numbers only, so that every service reads the same calendar duration.
_DURATION = re.compile(
    r"P(?=.)([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?(T(?=.)([0-9]+H)?([0-9]+M)?([0-9]+S)?)?", re.ASCII
)
_LONGEST_DAYS = 36_600
_LISTENERS = {role.value for role in PERMISSIONS[Permission.LISTEN]}


def publishing_problems(draft: PurposeDraft, council: WorksCouncil | None, today: date) -> Sequence[Problem]:
    """Return everything that forbids publishing; `council` is what the tenant's settings say of the works council."""
    return [
        *_shape_problems(draft),
        *_basis_problems(draft.basis, today),
        *_safeguard_problems(draft, council),
        *_monitoring_problems(draft.staff_safeguards),
        *_staff_only_problems(draft.staff_safeguards, today),
        *_waiting_problems(draft),
    ]


def version_in_force(versions: Sequence[PurposeVersion], at: datetime, now: datetime) -> PurposeVersion | None:
    """Return the version of a purpose that counts for a call of that moment; None where there is no version at all.

    The one that came into force last before it, and of two from one moment the one published later. For a call from
    before them all it is the one in force now: what that call's parties were told decides the rest. It comes with the
    retentions of what was published after it (R11).
    """
    for moment in (at, now):
        before = [each for each in versions if each.in_force_from <= moment]
        if before:
            found = max(before, key=lambda each: (each.in_force_from, each.version))
            later = [each.draft.longest_retention for each in versions if each.version > found.version]
            return replace(found, later_retentions=frozenset(later)) if later else found
    return None


def past_problems(in_force_from: datetime, document: str | None, now: datetime) -> Sequence[Problem]:
    """Return what forbids a version to count from that moment: it must be past, and a document must show it."""
    problems = []
    if in_force_from > now:
        problems.append(Problem("in_force_from", "in_force_in_future", "a past moment, or leave it out", "R04"))
    if not document:
        problems.append(Problem("document", "document_missing", "what shows that it was in force then", "R04"))
    return problems


def days_of(retention: str) -> float | None:
    """Return about how many days an ISO 8601 duration lasts, None for another text."""
    if len(retention) > 32 or not _DURATION.fullmatch(retention):
        return None
    try:
        read = isodate.parse_duration(retention)
    except (isodate.ISO8601Error, OverflowError):
        return None
    if isinstance(read, timedelta):
        return read / timedelta(days=1)
    return float(read.years * 366 + read.months * 31 + read.tdelta.days)


def _shape_problems(draft: PurposeDraft) -> Sequence[Problem]:
    days = days_of(draft.retention)
    failed = [
        (
            not _KEY.fullmatch(draft.key),
            Problem("key", "key_malformed", "a small letter, then at most 63 small letters, digits and _", "R04"),
        ),
        (draft.key in BUILT_IN, Problem("key", "purpose_built_in", "this name is one of Recital's own", "R04")),
        (not draft.notices, Problem("notices", "notice_text_missing", "at least one language", "R03")),
        (
            not all(_LANGUAGE.fullmatch(language) and len(language) <= 35 for language in draft.notices),
            Problem("notices", "language_malformed", "languages are written as in nl or nl-BE", "R03"),
        ),
        (
            days is None or not 0 < days <= _LONGEST_DAYS,
            Problem("retention", "retention_malformed", "an ISO 8601 duration in whole numbers, as P6M", "R11"),
        ),
        (not draft.roles, Problem("roles", "roles_missing", "at least one role that may listen", "R10")),
        (
            bool(draft.roles - _LISTENERS),
            Problem("roles", "role_may_not_listen", f"only {', '.join(sorted(_LISTENERS))} may listen", "R10"),
        ),
        (
            not draft.hold_suppressed and not draft.hold_necessity,
            Problem("hold_necessity", "hold_necessity_missing", "why it is necessary to record on hold", "R19"),
        ),
    ]
    return [problem for fails, problem in failed if fails]


def _basis_problems(basis: Basis, today: date) -> Sequence[Problem]:
    """R08: what each basis needs to be complete and in date."""
    needed = {
        BasisKind.CONSENT: ("texts", "withdrawal"),
        BasisKind.LEGAL_OBLIGATION: ("citation",),
        # AVG art. 6(3): a public task rests on law too.
        BasisKind.PUBLIC_TASK: ("citation",),
        BasisKind.LEGITIMATE_INTERESTS: ("document", "outcome", "review_on"),
    }.get(basis.kind, ())
    problems = [
        Problem(f"basis.{name}", "basis_incomplete", f"needed for the basis {basis.kind.value}", "R08")
        for name in needed
        if not getattr(basis, name)
    ]
    if basis.review_on is not None and basis.review_on < today:
        problems.append(Problem("basis.review_on", "basis_expired", "the review is overdue", "R08"))
    return problems


def _safeguard_problems(draft: PurposeDraft, council: WorksCouncil | None) -> Sequence[Problem]:
    """R20: what protects staff who are heard."""
    guards, problems = draft.staff_safeguards, []
    said = guards.works_council or council
    if said is None:
        problems.append(
            Problem(
                "staff_safeguards.works_council",
                "works_council_missing",
                "the works council's decision, or that there is none (fewer than 50 people)",
                "R20",
            )
        )
    elif said.kind is CouncilKind.REFERENCE and not said.reference:
        problems.append(
            Problem("staff_safeguards.works_council.reference", "works_council_missing", "needed for a decision", "R20")
        )
    return problems


def _monitoring_problems(guards: StaffSafeguards) -> Sequence[Problem]:
    """R19: staff are watched by sample; without one only for a written necessity and with a DPIA."""
    if guards.monitoring is Monitoring.CONTINUOUS:
        return [
            Problem(f"staff_safeguards.{name}", f"{name}_missing", "needed to watch staff continuously", "R19")
            for name in ("necessity", "dpia")
            if not getattr(guards, name)
        ]
    if guards.monitoring is Monitoring.SAMPLED and guards.sample is None:
        return [Problem("staff_safeguards.sample", "sample_missing", "which share, and how many a month", "R19")]
    if guards.monitoring is not Monitoring.SAMPLED and guards.sample is not None:
        return [Problem("staff_safeguards.sample", "sample_unexpected", "only where staff are sampled", "R19")]
    return []


def _staff_only_problems(guards: StaffSafeguards, today: date) -> Sequence[Problem]:
    """R27: calls among staff only with an exception that ends, and that has not ended."""
    if guards.staff_only is None or guards.staff_only.until >= today:
        return []
    return [Problem("staff_safeguards.staff_only.until", "exception_ended", "must be a day still to come", "R27")]


def _waiting_problems(draft: PurposeDraft) -> Sequence[Problem]:
    """R11: what waits for a reference to end has a longest time all the same."""
    if draft.retention_from is RetentionFrom.CALL_END:
        if draft.at_most is None:
            return []
        return [Problem("at_most", "at_most_unexpected", "only where retention waits for a reference to end", "R11")]
    longest, least = days_of(draft.at_most or ""), days_of(draft.retention)
    if longest is None or not 0 < longest <= _LONGEST_DAYS:
        return [Problem("at_most", "at_most_missing", "an ISO 8601 duration: how long at most after the call", "R11")]
    if least is not None and longest < least:
        return [Problem("at_most", "at_most_too_short", "not shorter than the retention", "R11")]
    return []
