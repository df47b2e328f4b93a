"""What is known of recordings, without a second of their audio."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from recital_errors import Gone
from recital_identity import Permission
from recital_runtime import Caller, PageOf, Paging, Router, page_of, requires

from recital_ingest.actions.means import Means
from recital_ingest.actions.reading import list_recordings, read_recording
from recital_ingest.api.views import ErasedView, RecordingView, listed_view, recording_view
from recital_ingest.model.recording import Recording

READER = Annotated[Caller, requires(Permission.READ_RECORDINGS)]


def recording_routes(_means: Means) -> Router:
    """Return the routes by which recordings are looked up."""
    router = Router(prefix="/v1", tags=["recordings"])

    @router.get("/recordings")
    async def recordings(
        caller: READER, page: Paging, call: Annotated[UUID | None, Query()] = None
    ) -> PageOf[RecordingView | ErasedView]:
        """List recordings in the order they were stored, of one call or of all."""
        found = await list_recordings(caller.tx, call=call, after=page.after, most=page.limit + 1)
        return page_of([listed_view(each) for each in found], page, lambda view: view.id)

    @router.get("/recordings/{recording_id}")
    async def recording(recording_id: UUID, caller: READER) -> RecordingView:
        """Return one recording; 410 when it was erased."""
        found = await read_recording(caller.tx, recording_id)
        if not isinstance(found, Recording):
            raise Gone("recording_erased", "The recording was erased.")
        return recording_view(found)

    return router
