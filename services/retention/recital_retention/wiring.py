"""Builds retention by hand: the only file that knows all others."""

from datetime import timedelta
from functools import partial

from recital_runtime import App, Runtime

from recital_retention.actions.control import LOG, apply_what_is_ahead
from recital_retention.actions.means import Means
from recital_retention.api import routers
from recital_retention.consumers import handlers
from recital_retention.model import Residue
from recital_retention.schedule import loops
from recital_retention.settings import RetentionSettings


def wire(settings: RetentionSettings) -> App:
    """Return the application; nothing is opened until it starts."""
    runtime = Runtime("retention", settings)
    means = Means(
        runtime,
        residue=Residue(settings.key_backup_days, settings.store_residue_days),
        late_after=timedelta(minutes=settings.late_after_minutes),
    )
    return runtime.app(
        title="Recital retention",
        routers=routers(means),
        handlers=handlers(means),
        loops=loops(means),
        ledgers=[LOG],
        on_start=[partial(apply_what_is_ahead, means)],
    )
