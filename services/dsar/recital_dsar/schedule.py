"""Time in: background steps, packages, and the watch over limits; each a loop that runs on a rhythm or when woken."""

from functools import partial

from recital_runtime import Loop

from recital_dsar.actions.collection import fetch_part
from recital_dsar.actions.delivery import forget_identifiers
from recital_dsar.actions.erasure import erase
from recital_dsar.actions.letters import SEND, send_letter
from recital_dsar.actions.means import Means
from recital_dsar.actions.objecting import OBJECT, tell_objection
from recital_dsar.actions.packaging import build_package
from recital_dsar.actions.page import page_environment
from recital_dsar.actions.proving import CHALLENGE, send_challenge
from recital_dsar.actions.securing import secure
from recital_dsar.actions.sweeping import SWEEP, sweep_keys
from recital_dsar.actions.tenants import END, destroy_tenant_key
from recital_dsar.actions.watching import look_at_requests, measure_requests
from recital_dsar.actions.working import Worker

STEPS, PACKAGES, LETTERS, WATCH = "steps", "packages", "letters", "watch"


def loops(means: Means) -> list[Loop]:
    """Return the loops of this service: long work (packages, slow mail servers) never holds up short work."""
    steps = Worker(
        means,
        {
            "secure": partial(secure, means),
            "fetch": partial(fetch_part, means),
            "forget": partial(forget_identifiers, means),
            OBJECT: partial(tell_objection, means),
            CHALLENGE: partial(send_challenge, means),
            END: partial(destroy_tenant_key, means),
            "erase": partial(erase, means),
            SWEEP: partial(sweep_keys, means),
        },
    )
    packages = Worker(means, {"build": partial(build_package, means, page_environment())})
    letters = Worker(means, {SEND: partial(send_letter, means)})
    return [
        Loop(STEPS, steps.run, 0.5),
        Loop(PACKAGES, packages.run, 0.5),
        Loop(LETTERS, letters.run, 0.5),
        Loop(WATCH, partial(look_at_requests, means), 30.0),
        Loop("standings", partial(measure_requests, means), 30.0),
    ]
