"""Whether the staff in a call had been told of a purpose beforehand, each by name (R20). Bots need no notice."""

from recital_consent.model.calls import Call, Party, PartyType, PurposeTerms
from recital_consent.model.spans import moment_of


def unannounced(call: Call, purpose: PurposeTerms, moment: int) -> list[Party]:
    """Return the people of the staff who had no notice of this purpose version before the moment."""
    return [
        party
        for party in call.parties
        if party.is_staff and party.type is PartyType.PERSON and not _announced(party, purpose, moment)
    ]


def _announced(party: Party, purpose: PurposeTerms, moment: int) -> bool:
    announced_at = party.announced.get((purpose.key, purpose.version))
    return announced_at is not None and moment_of(announced_at) <= moment
