"""Whose law applies: profiles as data, the strictest of all countries involved; a country we do not know is strict."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from recital_consent.model.calls import Call


@dataclass(frozen=True, slots=True)
class Profile:
    """What a country's law adds. all_parties_consent: recording needs everybody's consent, whatever the basis."""

    country: str
    all_parties_consent: bool


STRICTEST = Profile("", all_parties_consent=True)
# NL: whoever takes part may record (Sr art. 139a, 139c), so the purpose's own basis decides. In the others nobody's
# words are recorded without everybody's leave.
PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        each.country: each
        for each in (
            Profile("NL", all_parties_consent=False),
            Profile("BE", all_parties_consent=True),
            Profile("DE", all_parties_consent=True),
        )
    }
)


def all_must_consent(call: Call) -> bool:
    """Whether everybody must consent: in the tenant's country or in that of any party's number."""
    regions = {call.country, *(party.region for party in call.parties if party.region)}
    return any(PROFILES.get(region, STRICTEST).all_parties_consent for region in regions)
