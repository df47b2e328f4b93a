"""Who is meant: numbers, addresses and ids normalised, and which known subject a description fits.

A shared telephone is no identity: a customer number outweighs it.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

import phonenumbers

from recital_consent.model.problems import Problem
from recital_consent.model.subjects import Described, Identifier, IdentifierKind, Known

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_WITHHELD = frozenset(
    {"anonymous", "anoniem", "withheld", "afgeschermd", "private", "restricted", "unknown", "unavailable", "onbekend"}
)
_STRONG = (IdentifierKind.STAFF_ID, IdentifierKind.CUSTOMER_NUMBER, IdentifierKind.EMAIL)


def e164(number: str, region: str) -> tuple[str, str] | None:
    """Return a telephone number in E.164 and its country (ISO 3166; "001" where it has none), None if it is none.

    A number without a country code is read as dialled in `region`.
    """
    try:
        read = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    country = phonenumbers.region_code_for_number(read)
    if country is None or not phonenumbers.is_valid_number_for_region(read, country):
        return None
    return phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164), country


def is_withheld(number: str) -> bool:
    """Whether this is what exchanges send in place of a number that its caller does not show (RFC 3323, 3325)."""
    bare = number.strip().lower().removeprefix("sip:").removeprefix("tel:")
    return bare.partition("@")[0] in _WITHHELD


def normalised(kind: IdentifierKind, value: str, region: str) -> str | None:
    """Return an identifier in the form by which it is found, None if it is none of its kind."""
    if kind is IdentifierKind.NUMBER:
        found = e164(value, region)
        return found[0] if found else None
    trimmed = value.strip()
    if kind is IdentifierKind.EMAIL:
        return trimmed.lower() if _EMAIL.fullmatch(trimmed) else None
    return trimmed or None


def described(
    given: Iterable[tuple[IdentifierKind, str | None]], *, name: str | None, region: str, path: str
) -> Described | list[Problem]:
    """Return a description normalised, or the problems of its fields (`<path>.<kind>`). A withheld number is none."""
    identifiers, problems, country = [], [], None
    for kind, value in given:
        if value is None or (kind is IdentifierKind.NUMBER and is_withheld(value)):
            continue
        if kind is IdentifierKind.NUMBER:
            found, country = e164(value, region) or (None, None)
        else:
            found = normalised(kind, value, region)
        if found is None:
            problems.append(Problem(f"{path}.{kind.value}", f"{kind.value}_invalid", f"not a valid {_spoken(kind)}"))
        else:
            identifiers.append(Identifier(kind, found))
    return problems or Described(tuple(identifiers), name, country)


def which_subject(wanted: Collection[tuple[IdentifierKind, bytes]], known: Sequence[Known]) -> UUID | None:
    """Return which known subject a description is of, None for a new one.

    `wanted` and `known` hold digests. The strongest identifier that is known decides; the oldest of several. A
    telephone number alone decides only for a subject that nothing stronger tells apart.
    """
    for kind in _STRONG:
        digests = {digest for of, digest in wanted if of is kind}
        matching = [each.subject for each in known if any((kind, digest) in each.digests for digest in digests)]
        if matching:
            return min(matching)
    stronger = {kind for kind, _ in wanted if kind in _STRONG}
    numbers = {each for each in wanted if each[0] is IdentifierKind.NUMBER}
    reached = [each for each in known if numbers & each.digests]
    fitting = [each for each in reached if not any(kind in stronger for kind, _ in each.digests)]
    if stronger:
        return min((each.subject for each in fitting), default=None) if len(reached) == 1 else None
    plain = [each.subject for each in reached if all(kind is IdentifierKind.NUMBER for kind, _ in each.digests)]
    return reached[0].subject if len(reached) == 1 else min(plain, default=None)


def _spoken(kind: IdentifierKind) -> str:
    return {IdentifierKind.NUMBER: "telephone number", IdentifierKind.EMAIL: "e-mail address"}.get(
        kind, kind.value.replace("_", " ")
    )
