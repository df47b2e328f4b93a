"""Builds the service by hand: the only file that knows all others."""

from functools import partial

from recital_runtime import App, Runtime

from recital_consent.actions.closing import ENDED
from recital_consent.actions.collecting import PARTS
from recital_consent.actions.completeness import WATCH
from recital_consent.actions.erasing import ERASURES
from recital_consent.actions.means import LOG, Means
from recital_consent.actions.rectifying import RECTIFICATIONS
from recital_consent.actions.remembering import take_withdrawal
from recital_consent.actions.stating import REACHES
from recital_consent.api import routers
from recital_consent.consumers import handlers
from recital_consent.schedule import END, ERASE, LOOK, REACH, RECTIFY, RENDER, loops
from recital_consent.settings import Settings

SERVICE = "consent"


def wire(settings: Settings) -> App:
    """Return the application; nothing is opened before it starts."""
    runtime = Runtime(SERVICE, settings)
    means = Means(runtime)
    runtime.database.when(ERASURES, partial(runtime.wake, ERASE))
    runtime.database.when(PARTS, partial(runtime.wake, RENDER))
    runtime.database.when(ENDED, partial(runtime.wake, END))
    runtime.database.when(WATCH, partial(runtime.wake, LOOK))
    runtime.database.when(REACHES, partial(runtime.wake, REACH))
    runtime.database.when(RECTIFICATIONS, partial(runtime.wake, RECTIFY))
    return runtime.app(
        title="Recital consent: whether a call may be recorded, and why",
        routers=routers(means),
        handlers=handlers(),
        loops=loops(means),
        ledgers=[LOG],
        on_start=[runtime.restore_gate(take_withdrawal)],
    )
