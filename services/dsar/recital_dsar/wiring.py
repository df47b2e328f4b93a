"""Builds the service by hand: the only file that knows all others."""

from recital_runtime import App, Runtime

from recital_dsar.actions.entries import LEDGER
from recital_dsar.actions.means import Limits, Means
from recital_dsar.api import routes
from recital_dsar.consumers import handlers
from recital_dsar.schedule import PACKAGES, STEPS, WATCH, loops
from recital_dsar.settings import Settings

SERVICE = "dsar"


def wire(settings: Settings) -> App:
    """Return the application; nothing is opened before it starts."""
    runtime = Runtime(SERVICE, settings)
    means = Means(runtime, limits_of(settings))
    for name in (STEPS, PACKAGES, WATCH):
        runtime.database.when("steps", lambda name=name: runtime.wake(name))  # type: ignore[misc]
    return runtime.app(
        title="Recital dsar: a person asks, and is answered in time",
        routers=[routes(means)],
        handlers=handlers(means),
        loops=loops(means),
        ledgers=[LEDGER],
    )


def limits_of(settings: Settings) -> Limits:
    """Return the part of the settings that actions are given."""
    return Limits(
        session=settings.session_lifetime,
        package=settings.package_retention,
        internal_target_days=settings.internal_target_days,
        portal_requests_per_hour=settings.portal_requests_per_hour,
        largest_part=settings.largest_part,
    )
