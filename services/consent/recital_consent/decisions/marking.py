"""Whose private marks are counted (R18): those of the member of staff who made them, or for whom the exchange did."""

from collections.abc import Collection
from uuid import UUID

from recital_identity import Role

from recital_consent.model.calls import Call, PartyType


def marker(call: Call, *, own: UUID | None, roles: Collection[Role]) -> UUID | None:
    """Return of which member of staff a private mark is. `own`: as whom a member of staff who wrote it takes part.

    What the exchange writes is of the one person of the staff in the call, where there is only one; a privacy officer's
    own mark is of none.
    """
    if own is not None:
        return own
    if Role.INTEGRATOR not in roles:
        return None
    people = {party.subject for party in call.parties if party.is_staff and party.type is PartyType.PERSON}
    return next(iter(people)) if len(people) == 1 else None
