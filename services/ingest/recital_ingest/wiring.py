"""Builds the service by hand: the only file that knows all others."""

from collections.abc import Callable
from functools import partial

from prometheus_client import Gauge
from recital_runtime import App, Runtime

from recital_ingest.actions.annotating import RECTIFICATIONS
from recital_ingest.actions.collecting import COLLECTIONS
from recital_ingest.actions.crashpoints import Crash, CrashPoint
from recital_ingest.actions.erasing import ERASURES
from recital_ingest.actions.means import LOG, Limits, Means
from recital_ingest.api import routers
from recital_ingest.consumers import handlers
from recital_ingest.schedule import ERASE, RECTIFY, RENDER, loops
from recital_ingest.settings import Settings

SERVICE = "ingest"


def wire(settings: Settings) -> App:
    """Return the application; nothing is opened before it starts."""
    runtime = Runtime(SERVICE, settings)
    crash = Crash(settings.crash_at)
    means = Means(runtime, limits_of(settings), crash)
    runtime.reached = lambda point: crash(CrashPoint(point))
    runtime.database.when(ERASURES, partial(runtime.wake, ERASE))
    runtime.database.when(COLLECTIONS, partial(runtime.wake, RENDER))
    runtime.database.when(RECTIFICATIONS, partial(runtime.wake, RECTIFY))
    return runtime.app(
        title="Recital ingest: audio in under a permit, audio out under a grant",
        routers=routers(means),
        handlers=handlers(means),
        loops=loops(means, _gauges(runtime)),
        ledgers=[LOG],
        on_start=[runtime.restore_gate()],
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
        decoder=settings.decoder,
        largest_compressed=settings.largest_compressed,
        read_back_share=settings.read_back_share,
        read_back_every=settings.read_back_every,
    )


def _gauges(runtime: Runtime) -> Callable[[int, float], None]:
    """Return what tells how far reading back is behind."""
    registry = runtime.metrics.registry
    waiting = Gauge("recital_read_back_waiting", "Recordings due to be read back", registry=registry)
    age = Gauge("recital_read_back_age_seconds", "For how long the first of them has been due", registry=registry)

    def tell(count: int, seconds: float) -> None:
        waiting.set(count)
        age.set(seconds)

    return tell
