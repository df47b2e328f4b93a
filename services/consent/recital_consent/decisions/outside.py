"""What parties said outside the call (R08, R17), as the entries it comes down to in this call.

A withdrawal without purposes is of all that needs consent here; an objection of all that gives way to objections.
"""

from collections.abc import Callable
from dataclasses import replace

from recital_consent.decisions.jurisdiction import all_must_consent
from recital_consent.model.calls import Call, Entry, EntryKind, PurposeTerms
from recital_consent.model.purposes import BasisKind
from recital_consent.model.statements import Statement, StatementKind, StatementState

# AVG art. 21(1): these two give way to an objection, by whoever, for the whole call.
OBJECTIONABLE = frozenset({BasisKind.LEGITIMATE_INTERESTS, BasisKind.PUBLIC_TASK})
_AS = {
    StatementKind.CONSENT: EntryKind.CONSENT_GIVEN,
    StatementKind.WITHDRAWAL: EntryKind.CONSENT_WITHDRAWN,
    StatementKind.OBJECTION: EntryKind.OBJECTED,
}


def needs_consent(call: Call, purpose: PurposeTerms) -> bool:
    """Whether the purpose rests on consent, or a country involved asks everybody's consent whatever the basis."""
    return purpose.basis is BasisKind.CONSENT or all_must_consent(call)


def may_be_objected_to(purpose: PurposeTerms) -> bool:
    """Whether the purpose gives way to an objection."""
    return purpose.basis in OBJECTIONABLE


def said_outside(call: Call) -> tuple[Entry, ...]:
    """Return what each party said outside the call as entries; an objection that was rejected says nothing."""
    return tuple(
        Entry(
            id=str(statement.id),
            kind=_AS[statement.kind],
            at=statement.at,
            received_at=statement.received_at,
            party=party.label,
            purposes=touched,
        )
        for statement in call.statements
        if statement.state is not StatementState.REJECTED and (touched := touched_by(call, statement))
        for party in call.parties
        if party.subject == statement.subject
    )


def touched_by(call: Call, statement: Statement) -> frozenset[str]:
    """Return the keys of the call's purposes that a statement is about."""
    if statement.purposes is not None:
        return statement.purposes & {purpose.key for purpose in call.purposes}
    objects = statement.kind is StatementKind.OBJECTION
    about: Callable[[PurposeTerms], bool] = may_be_objected_to if objects else lambda each: needs_consent(call, each)
    return frozenset(purpose.key for purpose in call.purposes if about(purpose))


def settled(call: Call) -> Call:
    """Return the call without what is still to be decided: only what is settled takes anything away for good."""
    return replace(call, asked=(), statements=tuple(each for each in call.statements if not each.is_undecided))


def is_settled(call: Call) -> bool:
    """Whether nothing about the call waits for a decision."""
    return not call.asked and not any(each.is_undecided for each in call.statements)
