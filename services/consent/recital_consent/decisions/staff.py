"""What protects the staff in a call: each was told of the purpose beforehand, by name (R20), and calls among staff are
not recorded, but for a purpose with an exception that has an end date (R27). Bots need no notice.
"""

from recital_consent.model.calls import Call, Party, PartyType, PurposeTerms
from recital_consent.model.spans import instant_of, moment_of


def staff_only_allowed(purpose: PurposeTerms, moment: int) -> bool:
    """Whether an exception names the purpose and had not ended at the moment, the start of the call (R27)."""
    return purpose.staff_only_until is not None and instant_of(moment).date() <= purpose.staff_only_until


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
