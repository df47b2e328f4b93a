"""What is known of recordings, without a second of their audio."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query
from pydantic import AwareDatetime
from recital_errors import Gone
from recital_identity import Permission
from recital_runtime import Caller, PageOf, Paging, Router, page_of, requires

from recital_ingest.actions.means import Means
from recital_ingest.actions.reading import list_recordings, read_recording
from recital_ingest.api.views import ErasedView, RecordingView, listed_view, recording_view
from recital_ingest.model.recording import Recording
from recital_ingest.store.recordings import Search

READER = Annotated[Caller, requires(Permission.READ_RECORDINGS)]


def recording_routes(_means: Means) -> Router:
    """Return the routes by which recordings are looked up."""
    router = Router(prefix="/v1", tags=["recordings"])

    @router.get("/recordings")
    async def recordings(
        caller: READER, page: Paging, wanted: Annotated[Search, Depends(_search)]
    ) -> PageOf[RecordingView | ErasedView]:
        """List recordings in the order they were stored: all, or those that fit everything that is asked."""
        found = await list_recordings(caller.tx, wanted, after=page.after, most=page.limit + 1)
        return page_of([listed_view(each) for each in found], page, lambda view: view.id)

    @router.get("/recordings/{recording_id}")
    async def recording(recording_id: UUID, caller: READER) -> RecordingView:
        """Return one recording; 410 when it was erased."""
        found = await read_recording(caller.tx, recording_id)
        if not isinstance(found, Recording):
            raise Gone("recording_erased", "The recording was erased.")
        return recording_view(found)

    return router


def _search(  # noqa: PLR0913 - one parameter for each thing that can be asked
    *,
    call: Annotated[UUID | None, Query()] = None,
    purpose: Annotated[str | None, Query(max_length=200)] = None,
    subject: Annotated[UUID | None, Query()] = None,
    since: Annotated[AwareDatetime | None, Query(description="The call was answered at or after it.")] = None,
    before: Annotated[AwareDatetime | None, Query()] = None,
    at_least_ms: Annotated[int | None, Query(ge=0, le=1 << 40)] = None,
    at_most_ms: Annotated[int | None, Query(ge=0, le=1 << 40)] = None,
    state: Annotated[Literal["stored", "erasing", "erased"] | None, Query()] = None,
    confirmed_since: Annotated[AwareDatetime | None, Query(description="Read back whole at or after it.")] = None,
) -> Search:  # fmt: skip
    return Search(
        call=call,
        purpose=purpose,
        subjects=None if subject is None else frozenset({subject}),
        since=since,
        before=before,
        at_least_ms=at_least_ms,
        at_most_ms=at_most_ms,
        state=state,
        confirmed_since=confirmed_since,
    )
