"""HTTP in: routes by what they are about. Wire shapes are made here, from values the actions give."""

from fastapi import APIRouter
from recital_runtime import key_routes

from recital_retention.actions.control import LOG
from recital_retention.actions.means import Means
from recital_retention.api.certificates import certificate_routes
from recital_retention.api.closing import closing_routes
from recital_retention.api.holdings import holding_routes
from recital_retention.api.holds import hold_routes
from recital_retention.api.policies import policy_routes, waiting_routes
from recital_retention.api.reports import report_routes
from recital_retention.api.requests import request_routes
from recital_retention.store.tenants import tenant_key


def routers(means: Means) -> list[APIRouter]:
    """Return all of retention's routes."""
    read = [holding_routes(), certificate_routes(), policy_routes(), waiting_routes(), report_routes()]
    read.append(key_routes(LOG, tenant_key))
    return [*read, hold_routes(means), request_routes(means), closing_routes(means)]
