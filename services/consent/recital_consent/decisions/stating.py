"""May this be said outside a call, and what a decision makes of an objection (R08, R17)."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from recital_consent.decisions.entering import FURTHEST_AHEAD
from recital_consent.model.problems import Problem
from recital_consent.model.statements import Statement, StatementKind, StatementState

_RULES = {StatementKind.CONSENT: "R08", StatementKind.WITHDRAWAL: "R08", StatementKind.OBJECTION: "R17"}


def statement_problems(statement: Statement, *, known: Collection[str], now: datetime) -> Sequence[Problem]:
    """Return what is wrong with a statement; `known` are the tenant's purposes by key."""
    rule = _RULES[statement.kind]
    problems = []
    if statement.at > now + FURTHEST_AHEAD:
        problems.append(Problem("at", "entry_in_future", "more than 5 seconds ahead of Recital's time", rule))
    if statement.purposes is not None and not statement.purposes:
        problems.append(Problem("purposes", "purpose_missing", "at least one, or none at all for every purpose", rule))
    if (statement.purposes or frozenset()) - set(known):
        problems.append(Problem("purposes", "purpose_unknown", "no published purpose", rule))
    if statement.kind is StatementKind.CONSENT and statement.purposes is None:
        problems.append(Problem("purposes", "purpose_missing", "consent names what it is for", rule))
    return problems


def decided(statement: Statement, purposes: frozenset[str] | None, *, upheld: bool, at: datetime) -> Statement:
    """Return an objection after a decision on these purposes, None meaning all it is about.

    What was decided once stays. Upheld for some purposes, it stands for those; rejected for some, it waits for the
    others.
    """
    if not statement.is_undecided:
        return statement
    if upheld:
        return replace(
            statement,
            state=StatementState.UPHELD,
            purposes=statement.purposes if purposes is None else purposes,
            decided_at=at,
        )
    if purposes is None or statement.purposes is None or statement.purposes <= purposes:
        return replace(statement, state=StatementState.REJECTED, decided_at=at)
    return replace(statement, purposes=statement.purposes - purposes)
