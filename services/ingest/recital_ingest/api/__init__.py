"""HTTP in: audio, recordings, leave to listen, playback, collected parts."""

from recital_runtime import Router, counting_routes, key_routes

from recital_ingest.actions.means import LOG, Means
from recital_ingest.api.annotations import annotation_routes
from recital_ingest.api.audio import audio_routes
from recital_ingest.api.grants import grant_routes
from recital_ingest.api.oversight import oversight_routes
from recital_ingest.api.parts import part_routes
from recital_ingest.api.recordings import recording_routes
from recital_ingest.api.resumable import resumable_routes
from recital_ingest.api.uploads import upload_routes
from recital_ingest.store.living import LIVING
from recital_ingest.store.reference import tenant_key

__all__ = ["routers"]


def routers(means: Means) -> list[Router]:
    """Return every route of the service."""
    makers = (
        upload_routes,
        resumable_routes,
        recording_routes,
        annotation_routes,
        grant_routes,
        audio_routes,
        oversight_routes,
        part_routes,
    )
    return [*(each(means) for each in makers), counting_routes(LIVING), key_routes(LOG, tenant_key)]
