"""Persons, for privacy officers: searched, read, corrected, merged and split. No identifier is ever in a path."""

from typing import Annotated
from uuid import UUID

from fastapi import Response
from pydantic import Field
from recital_identity import Permission
from recital_runtime import Caller, Instant, Model, PageOf, Paging, Router, Text200, page_of, requires

from recital_consent.actions import merging, subjects
from recital_consent.actions.means import Means
from recital_consent.api.views import RectificationView, rectification_views
from recital_consent.model.merging import Merge, MergeState
from recital_consent.model.subjects import IdentifierKind, Standing

OFFICER = Annotated[Caller, requires(Permission.MANAGE_SUBJECTS)]


class IdentifierBody(Model):
    """What a person is known by; numbers are read as dialled in the tenant's number region."""

    kind: IdentifierKind
    value: Text200


class AddIdentifier(IdentifierBody):
    """One more identifier of a person; `verified` where it was shown to be theirs."""

    verified: bool = False


class Search(Model):
    """Whom any of these leads to."""

    identifiers: list[IdentifierBody] = Field(min_length=1, max_length=50)


class FoundView(Model):
    """A subject that was found, by which kinds; `shared`: others are reached by the same, so it identifies nobody."""

    subject: UUID
    staff: bool
    merged_into: UUID | None
    kinds: list[IdentifierKind]
    shared: bool


class FoundList(Model):
    """Everybody who was found."""

    subjects: list[FoundView]


class IdentifierView(IdentifierBody):
    """An identifier; `shared`: a warning that others have it too."""

    verified_at: Instant | None
    shared: bool


class PersonView(Model):
    """A person in clear. `merged`: the subjects that are one person with this one."""

    subject: UUID
    name: str | None
    staff: bool
    bot: bool
    left_at: Instant | None
    merged_into: UUID | None
    merged: list[UUID]
    identifiers: list[IdentifierView]
    rectifications: list[RectificationView]


class AskMerge(Model):
    """`merged` turned out to be `subject`."""

    subject: UUID
    merged: UUID


class MergeView(Model):
    """A merge: `proposed` until a second officer agrees, unless two verified identifiers show it."""

    id: UUID
    subject: UUID
    merged: UUID
    state: MergeState
    proposed_at: Instant
    merged_at: Instant | None
    split_at: Instant | None


def subject_routes(means: Means) -> Router:
    """Return the routes for persons."""
    router = Router(prefix="/v1", tags=["subjects"])
    _merges(router, means)

    @router.post("/subjects/search")
    async def search(body: Search, caller: OFFICER) -> FoundList:
        """Find persons by what they are known by."""
        found = await subjects.search(means, caller.tx, [(each.kind, each.value) for each in body.identifiers])
        return FoundList(subjects=[_found(each) for each in found])

    @router.get("/subjects/{subject}")
    async def read_person(subject: UUID, caller: OFFICER) -> PersonView:
        """Return a person in clear; the look is in the ledger. 404 once the identity was erased."""
        return _person(await subjects.read_person(means, caller.tx, subject))

    @router.post("/subjects/{subject}/identifiers")
    async def add_identifier(subject: UUID, body: AddIdentifier, caller: OFFICER) -> PersonView:
        """Add an identifier; 409 where another person is known by it, unless it is a telephone."""
        asked = (body.kind, body.value)
        return _person(await subjects.add_identifier(means, caller.tx, subject, asked, verified=body.verified))

    @router.post("/subjects/{subject}/identifiers/verify")
    async def verify_identifier(subject: UUID, body: IdentifierBody, caller: OFFICER) -> PersonView:
        """Note that an identifier was shown to be this person's."""
        return _person(await subjects.verify_identifier(means, caller.tx, subject, (body.kind, body.value)))

    @router.post("/subjects/{subject}/identifiers/remove")
    async def remove_identifier(subject: UUID, body: IdentifierBody, caller: OFFICER) -> PersonView:
        """Remove an identifier."""
        return _person(await subjects.remove_identifier(means, caller.tx, subject, (body.kind, body.value)))

    return router


def _merges(router: Router, means: Means) -> None:
    @router.post("/subject-merges", status_code=201, responses={202: {"model": MergeView}})
    async def merge(body: AskMerge, caller: OFFICER, response: Response) -> MergeView:
        """Merge two persons; 202 where it waits for a second officer."""
        made = await merging.merge_subjects(means, caller.tx, caller.principal, body.subject, body.merged)
        response.status_code = 202 if made.state is MergeState.PROPOSED else 201
        return _merge(made)

    @router.get("/subject-merges")
    async def list_merges(caller: OFFICER, page: Paging) -> PageOf[MergeView]:
        """List merges in the order they were proposed."""
        found = await merging.list_merges(caller.tx, after=page.after, most=page.limit + 1)
        return page_of([_merge(each) for each in found], page, lambda view: view.id)

    @router.post("/subject-merges/{merge_id}/approval")
    async def approve(merge_id: UUID, caller: OFFICER) -> MergeView:
        """Agree to a merge as a second officer."""
        return _merge(await merging.approve_merge(means, caller.tx, caller.principal, merge_id))

    @router.post("/subject-merges/{merge_id}/split")
    async def split(merge_id: UUID, caller: OFFICER) -> MergeView:
        """Undo a merge, or take a proposed one back."""
        return _merge(await merging.split_subjects(caller.tx, merge_id))


def _found(found: subjects.Found) -> FoundView:
    standing: Standing = found.standing
    return FoundView(
        subject=standing.id,
        staff=standing.staff,
        merged_into=standing.merged_into,
        kinds=list(found.kinds),
        shared=found.is_shared,
    )


def _person(person: subjects.Person) -> PersonView:
    standing = person.standing
    return PersonView(
        subject=standing.id,
        name=person.name,
        staff=standing.staff,
        bot=standing.bot,
        left_at=standing.left_at,
        merged_into=standing.merged_into,
        merged=list(person.merged),
        identifiers=[
            IdentifierView(
                kind=each.identifier.kind,
                value=each.identifier.value,
                verified_at=each.verified_at,
                shared=each.is_shared,
            )
            for each in person.identifiers
        ],
        rectifications=rectification_views(person.corrected),
    )


def _merge(merge: Merge) -> MergeView:
    return MergeView(
        id=merge.id,
        subject=merge.subject,
        merged=merge.merged,
        state=merge.state,
        proposed_at=merge.proposed_at,
        merged_at=merge.merged_at,
        split_at=merge.split_at,
    )
