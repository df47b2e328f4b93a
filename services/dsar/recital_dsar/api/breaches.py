"""What a data breach obliges to (R25). Nothing is kept here: whom it concerns is read from calls and recordings."""

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime
from recital_errors import FieldError, Malformed
from recital_identity import Permission
from recital_runtime import Caller, Model, Router, requires

from recital_dsar.actions.means import Means
from recital_dsar.decisions.breaches import Breach, Risk, duties

AwareAt = Annotated[AwareDatetime, Query(description="When the breach became known.")]
RiskAsJudged = Annotated[Risk, Query(description="What it may mean for the people whose data it was.")]
Unreadable = Annotated[bool, Query(description="What leaked was encrypted, and the keys are safe.")]


class DutiesView(Model):
    """Whom to tell of a breach, by when, and why the people concerned need not be told."""

    report_by: datetime | None
    explain_delay: bool
    tell_people: bool
    exempt: str | None


def breach_routes(_means: Means) -> Router:
    """Return the route about breaches."""
    router = Router(prefix="/v1", tags=["breaches"])

    @router.get("/breach-duties")
    async def show_breach_duties(
        caller: Annotated[Caller, requires(Permission.HANDLE_REQUESTS)],
        aware_at: AwareAt,
        risk: RiskAsJudged,
        *,
        unreadable: Unreadable = False,
    ) -> DutiesView:
        """Show by when a breach must be reported to the authority, and whether the people must be told."""
        if aware_at > caller.tx.now:
            raise Malformed("aware_at_in_future", fields=[FieldError("aware_at", "lies in the future")])
        found = duties(Breach(aware_at, risk, unreadable), now=caller.tx.now)
        return DutiesView(
            report_by=found.report_by,
            explain_delay=found.explain_delay,
            tell_people=found.tell_people,
            exempt=found.exempt,
        )

    return router
