"""May this tenant be opened: its country, zone, languages and region must be real ones."""

import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import phonenumbers

from recital_consent.model.problems import Problem
from recital_consent.model.tenants import TenantDraft

MOST_UPLOADS = 10_000
_COUNTRY = re.compile(r"[A-Z]{2}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})*")


def opening_problems(draft: TenantDraft) -> Sequence[Problem]:
    """Return everything that forbids opening the tenant."""
    failed = [
        (
            not _COUNTRY.fullmatch(draft.country),
            Problem("country", "country_malformed", "two capital letters, as NL (ISO 3166)"),
        ),
        (not _is_zone(draft.time_zone), Problem("time_zone", "time_zone_unknown", "not in the tz database")),
        (
            not draft.languages or not all(_LANGUAGE.fullmatch(each) and len(each) <= 35 for each in draft.languages),
            Problem("languages", "language_malformed", "at least one, written as in nl or nl-BE"),
        ),
        (
            draft.number_region not in phonenumbers.SUPPORTED_REGIONS,
            Problem("number_region", "number_region_unknown", "no region with telephone numbers of its own, as NL"),
        ),
        (
            draft.concurrent_uploads is not None and not 1 <= draft.concurrent_uploads <= MOST_UPLOADS,
            Problem("concurrent_uploads", "limit_out_of_range", f"between 1 and {MOST_UPLOADS}"),
        ),
    ]
    return [problem for fails, problem in failed if fails]


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True
