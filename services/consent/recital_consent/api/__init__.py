"""HTTP in: tenants, purposes, people, calls and their timelines, permits, and what dsar asks for a person."""

from recital_runtime import Router, counting_routes, key_routes

from recital_consent.actions.means import LOG, Means
from recital_consent.api.asking import asking_routes
from recital_consent.api.bulk import bulk_routes
from recital_consent.api.calls import call_routes
from recital_consent.api.cdr import cdr_routes
from recital_consent.api.lines import line_routes
from recital_consent.api.listing import listing_routes
from recital_consent.api.people import people_routes
from recital_consent.api.permits import permit_routes
from recital_consent.api.purposes import purpose_routes
from recital_consent.api.records import record_routes
from recital_consent.api.requests import request_routes
from recital_consent.api.simulating import simulating_routes
from recital_consent.api.statements import statement_routes
from recital_consent.api.subjects import subject_routes
from recital_consent.api.tenants import tenant_routes
from recital_consent.store.living import LIVING
from recital_consent.store.tenants import tenant_key

__all__ = ["routers"]


def routers(means: Means) -> list[Router]:
    """Return every route of the service."""
    every = (
        tenant_routes,
        purpose_routes,
        people_routes,
        line_routes,
        listing_routes,
        cdr_routes,
        bulk_routes,
        call_routes,
        permit_routes,
        simulating_routes,
        record_routes,
        statement_routes,
        asking_routes,
        request_routes,
        subject_routes,
    )
    return [*(each(means) for each in every), counting_routes(LIVING), key_routes(LOG, tenant_key)]
