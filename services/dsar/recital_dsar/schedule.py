"""Time in: background steps, packages, and the watch over limits; each a loop that runs on a rhythm or when woken."""

from functools import partial

from recital_runtime import Loop

from recital_dsar.actions.collection import fetch_part
from recital_dsar.actions.delivery import forget_identifiers
from recital_dsar.actions.erasure import erase
from recital_dsar.actions.means import Means
from recital_dsar.actions.packaging import build_package
from recital_dsar.actions.page import page_environment
from recital_dsar.actions.securing import secure
from recital_dsar.actions.sweeping import SWEEP, sweep_keys
from recital_dsar.actions.watching import look_at_requests
from recital_dsar.actions.working import Worker

STEPS, PACKAGES, WATCH = "steps", "packages", "watch"


def loops(means: Means) -> list[Loop]:
    """Return the loops of this service: long work (packages) never holds up short work."""
    steps = Worker(
        means,
        {
            "secure": partial(secure, means),
            "fetch": partial(fetch_part, means),
            "forget": partial(forget_identifiers, means),
            "erase": partial(erase, means),
            SWEEP: partial(sweep_keys, means),
        },
    )
    packages = Worker(means, {"build": partial(build_package, means, page_environment())})
    return [
        Loop(STEPS, steps.run, 0.5),
        Loop(PACKAGES, packages.run, 0.5),
        Loop(WATCH, partial(look_at_requests, means), 30.0),
    ]
