"""Builds the service by hand: the only file that knows all others."""

from functools import partial

from recital_runtime import App, Runtime

from recital_ingest.actions.collecting import COLLECTIONS
from recital_ingest.actions.crashpoints import Crash
from recital_ingest.actions.erasing import ERASURES
from recital_ingest.actions.means import LOG, Limits, Means
from recital_ingest.api import routers
from recital_ingest.consumers import handlers
from recital_ingest.schedule import ERASE, RENDER, loops
from recital_ingest.settings import Settings

SERVICE = "ingest"


def wire(settings: Settings) -> App:
    """Return the application; nothing is opened before it starts."""
    runtime = Runtime(SERVICE, settings)
    means = Means(runtime, limits_of(settings), Crash(settings.crash_at))
    runtime.database.when(ERASURES, partial(runtime.wake, ERASE))
    runtime.database.when(COLLECTIONS, partial(runtime.wake, RENDER))
    return runtime.app(
        title="Recital ingest: audio in under a permit, audio out under a grant",
        routers=routers(means),
        handlers=handlers(means),
        loops=loops(means),
        ledgers=[LOG],
    )


def limits_of(settings: Settings) -> Limits:
    """Return the part of the settings that actions are given."""
    return Limits(
        largest_upload=settings.largest_upload,
        longest_upload=settings.longest_upload,
        longest_silence=settings.longest_silence,
        slowest_upload=settings.slowest_upload,
        uploads_per_tenant=settings.uploads_per_tenant,
        lease=settings.upload_lease,
    )
