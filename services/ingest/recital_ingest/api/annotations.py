"""Texts beside a recording: added and read, never changed."""

from typing import Annotated
from uuid import UUID

from recital_identity import Permission, Principal
from recital_runtime import Instant, Model, PageOf, Router, Text10000, authenticated

from recital_ingest.actions.annotating import Written, annotate, read_annotations
from recital_ingest.actions.means import Means

LISTENER = Annotated[Principal, authenticated(Permission.LISTEN)]


class Annotate(Model):
    """What is to stand beside the recording."""

    text: Text10000


class AnnotationView(Model):
    """A text beside a recording: somebody's `note`, or a `rectification` that was decided (AVG art. 16)."""

    id: UUID
    recording: UUID
    kind: str
    author: str
    text: str
    made_at: Instant


def annotation_routes(means: Means) -> Router:
    """Return the routes of annotations."""
    router = Router(prefix="/v1", tags=["recordings"])

    @router.post("/recordings/{recording_id}/annotations", status_code=201)
    async def add_annotation(recording_id: UUID, body: Annotate, principal: LISTENER) -> AnnotationView:
        """Write a text beside a recording; nothing of the recording itself is ever edited."""
        return _view(await annotate(means, principal, recording_id, body.text))

    @router.get("/recordings/{recording_id}/annotations")
    async def list_annotations(recording_id: UUID, principal: LISTENER) -> PageOf[AnnotationView]:
        """List what stands beside a recording, in the order it was written."""
        return PageOf(items=[_view(each) for each in await read_annotations(means, principal, recording_id)])

    return router


def _view(written: Written) -> AnnotationView:
    return AnnotationView(
        id=written.id,
        recording=written.recording,
        kind=written.kind,
        author=written.author,
        text=written.text,
        made_at=written.made_at,
    )
