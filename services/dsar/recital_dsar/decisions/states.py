"""What may happen to a request in which state: one table, and nothing else decides it."""

from collections.abc import Mapping

from recital_dsar.model import Move, State

TRANSITIONS: Mapping[tuple[State, Move], State] = {
    (State.RECEIVED, Move.ASK_IDENTITY): State.IDENTITY_ASKED,
    (State.RECEIVED, Move.CONFIRM_IDENTITY): State.IDENTIFIED,
    (State.RECEIVED, Move.REFUSE_IDENTITY): State.REFUSED,
    (State.IDENTITY_ASKED, Move.CONFIRM_IDENTITY): State.IDENTIFIED,
    (State.IDENTITY_ASKED, Move.REFUSE_IDENTITY): State.REFUSED,
    (State.IDENTIFIED, Move.ORDER_COLLECTION): State.COLLECTING,
    (State.COLLECTING, Move.COMPLETE_COLLECTION): State.REVIEW,
    (State.COLLECTING, Move.COLLECT_ANEW): State.IDENTIFIED,
    (State.REVIEW, Move.COLLECT_ANEW): State.IDENTIFIED,
    (State.REVIEW, Move.START_PACKAGE): State.BUILDING,
    (State.REVIEW, Move.CARRY_OUT): State.CARRYING_OUT,
    (State.CARRYING_OUT, Move.FINISH_MEASURES): State.READY,
    (State.BUILDING, Move.FINISH_PACKAGE): State.READY,
    (State.BUILDING, Move.LOSE_PACKAGE): State.REVIEW,
    (State.READY, Move.LOSE_PACKAGE): State.REVIEW,
    (State.READY, Move.DELIVER): State.DELIVERED,
    (State.DELIVERED, Move.CLOSE): State.CLOSED,
    (State.REFUSED, Move.CLOSE): State.CLOSED,
    **{
        (state, Move.REFUSE): State.REFUSED
        for state in (State.RECEIVED, State.IDENTITY_ASKED, State.IDENTIFIED, State.COLLECTING, State.REVIEW)
    },
}

OPEN = frozenset(State) - {State.CLOSED}
IDENTIFIED = frozenset(
    {
        State.IDENTIFIED,
        State.COLLECTING,
        State.REVIEW,
        State.CARRYING_OUT,
        State.BUILDING,
        State.READY,
        State.DELIVERED,
    }
)
"""The states in which it has been proved who asks."""
AWAITS_PROOF = frozenset({State.RECEIVED, State.IDENTITY_ASKED})
"""The states in which it has not."""


def after(state: State, move: Move) -> State | None:
    """Return the state a move leads to, or None where it may not happen."""
    return TRANSITIONS.get((state, move))
