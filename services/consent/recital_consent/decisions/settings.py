"""May these settings be set: every one of them in a form that each service can keep to."""

import re
from collections.abc import Sequence

from recital_consent.decisions.guard import LARGEST_GUARD_MS
from recital_consent.decisions.publishing import days_of
from recital_consent.model.problems import Problem
from recital_consent.model.purposes import CouncilKind
from recital_consent.model.tenants import ErasureWindow, TenantSettings

LONGEST_MARK_MINUTES = 10_080
LONGEST_LIMIT_MINUTES = 43_200
LARGEST_TOLERANCE_MS = 60_000
_LONGEST_DAYS = 36_600
_REGION = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_DURATIONS = ("call_record_retention", "request_file_retention", "package_retention", "read_back_every")
# Each whole number of the settings, with what it lies between.
_RANGES = (
    ("guard_ms", 0, LARGEST_GUARD_MS, None),
    ("private_mark_minutes", 0, LONGEST_MARK_MINUTES, "R18"),
    ("unended_after_minutes", 1, LONGEST_LIMIT_MINUTES, None),
    ("missing_after_minutes", 1, LONGEST_LIMIT_MINUTES, None),
    ("missing_tolerance_ms", 0, LARGEST_TOLERANCE_MS, None),
)


def settings_problems(settings: TenantSettings) -> Sequence[Problem]:
    """Return everything that is wrong with settings."""
    problems = [
        Problem(name, "setting_out_of_range", f"between {least} and {most}", rule)
        for name, least, most, rule in _RANGES
        if not least <= getattr(settings, name) <= most
    ]
    for name in _DURATIONS:
        said = getattr(settings, name)
        days = days_of(said) if said is not None else 1.0
        if days is None or not 0 < days <= _LONGEST_DAYS:
            problems.append(Problem(name, "duration_malformed", "an ISO 8601 duration in whole numbers, as P1M", "R11"))
    if settings.holiday_region is not None and not _REGION.fullmatch(settings.holiday_region):
        problems.append(Problem("holiday_region", "holiday_region_malformed", "as NL-FR (ISO 3166-2)", "R16"))
    council = settings.works_council
    if council is not None and council.kind is CouncilKind.REFERENCE and not council.reference:
        problems.append(Problem("works_council.reference", "reference_missing", "the council's decision", "R20"))
    return [*problems, *_window_problems(settings.erasure_window)]


def _window_problems(window: ErasureWindow | None) -> Sequence[Problem]:
    if window is None:
        return []
    problems = []
    if not window.weekdays or not all(1 <= each <= 7 for each in window.weekdays):
        problems.append(Problem("erasure_window.weekdays", "weekday_unknown", "1 Monday to 7 Sunday, at least one"))
    elif len(set(window.weekdays)) < len(window.weekdays):
        problems.append(Problem("erasure_window.weekdays", "weekday_twice", "each day once"))
    problems += [
        Problem(f"erasure_window.{name}", "time_malformed", "a local time as 22:00")
        for name in ("starts_at", "ends_at")
        if not _TIME.fullmatch(getattr(window, name))
    ]
    if window.starts_at == window.ends_at:
        problems.append(Problem("erasure_window.ends_at", "window_empty", "another time than starts_at"))
    return problems
