"""What is read of calls and persons: calls found and explained, and the consents of a person that are in force."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from recital_database import Transaction
from recital_errors import NotFound

from recital_consent.decisions.consents import consents_in_call, consents_outside
from recital_consent.model.completeness import Outcome
from recital_consent.model.explained import ConsentInForce, Explained
from recital_consent.model.listing import Narrowed
from recital_consent.store import calls, listing, merges, statements, subjects


async def explain_calls(tx: Transaction, wanted: Narrowed, *, after: UUID | None, most: int) -> Sequence[Explained]:
    """Return a page of calls, each with what is to be said of its recording."""
    return await listing.explained(tx, await with_everybody(tx, wanted), after=after, most=most)


async def count_calls(tx: Transaction, wanted: Narrowed) -> Mapping[Outcome, int]:
    """Return how many calls there are of each outcome; of those not named there are none."""
    return await listing.counted(tx, await with_everybody(tx, wanted))


async def consents_in_force(tx: Transaction, subject: UUID) -> Sequence[ConsentInForce]:
    """Return the consents of a person that are in force: per call and purpose, and those given outside calls.

    Raises NotFound, also once the identity was erased.
    """
    if subject not in await subjects.sealed_identities(tx, [subject]):
        raise NotFound
    everybody = await merges.together(tx, [subject])
    theirs = await calls.calls_of_subjects(tx, everybody)
    outside = consents_outside(await statements.statements_of(tx, everybody))
    return [*outside, *(each for call in theirs for each in consents_in_call(call, everybody))]


async def with_everybody(tx: Transaction, wanted: Narrowed) -> Narrowed:
    """Return what is wanted with everybody who is one person with whom it names."""
    if wanted.subjects is None:
        return wanted
    return replace(wanted, subjects=await merges.together(tx, wanted.subjects))
