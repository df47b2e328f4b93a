"""HTTP in: audio, recordings, leave to listen, playback, collected parts."""

from recital_runtime import Router

from recital_ingest.actions.means import Means
from recital_ingest.api.audio import audio_routes
from recital_ingest.api.grants import grant_routes
from recital_ingest.api.parts import part_routes
from recital_ingest.api.recordings import recording_routes
from recital_ingest.api.uploads import upload_routes

__all__ = ["routers"]


def routers(means: Means) -> list[Router]:
    """Return every route of the service."""
    return [each(means) for each in (upload_routes, recording_routes, grant_routes, audio_routes, part_routes)]
