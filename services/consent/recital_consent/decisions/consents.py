"""Which consents of a person are in force: in each call as the rulebook reads it, and those given outside any call."""

from collections.abc import Collection, Sequence
from uuid import UUID

from recital_consent.decisions.ground import standings
from recital_consent.decisions.keepable import Reading
from recital_consent.decisions.outside import needs_consent
from recital_consent.model.calls import CallRecord, EntryKind
from recital_consent.model.explained import ConsentInForce
from recital_consent.model.spans import FOREVER, instant_of
from recital_consent.model.statements import Statement, StatementKind


def consents_in_call(call: CallRecord, subjects: Collection[UUID]) -> Sequence[ConsentInForce]:
    """Return the consents in force that these subjects, who are one person, gave in a call or brought to it."""
    reading = Reading(call.facts)
    labels = {party.label for party in call.facts.others if party.subject in subjects}
    found = []
    for purpose in call.facts.purposes:
        if not needs_consent(call.facts, purpose):
            continue
        stands = standings(call.facts, purpose, reading.told(purpose), reading.start)
        for label in sorted(labels):
            if stands[label].since == FOREVER:
                continue
            since = instant_of(stands[label].since)
            given = (
                each
                for each in call.written.values()
                if each.entry.kind is EntryKind.CONSENT_GIVEN and (each.entry.party, each.entry.at) == (label, since)
            )
            entry = next((each.ledger_entry for each in given), None)
            found.append(
                ConsentInForce(call=call.id, purposes=(purpose.key,), version=purpose.version, since=since, entry=entry)
            )
    return found


def consents_outside(statements: Sequence[Statement]) -> Sequence[ConsentInForce]:
    """Return the consents given outside any call that no later withdrawal or objection takes back."""
    noes = [each for each in statements if each.kind is not StatementKind.CONSENT]
    found = []
    for given in statements:
        if given.kind is not StatementKind.CONSENT:
            continue
        later = [each for each in noes if each.at >= given.at]
        left = given.purposes
        if any(each.purposes is None for each in later):
            continue
        for each in later:
            left = left - each.purposes if left is not None and each.purposes is not None else left
        if left is None or left:
            purposes = None if left is None else tuple(sorted(left))
            found.append(
                ConsentInForce(call=None, purposes=purposes, version=None, since=given.at, entry=given.ledger_entry)
            )
    return found
