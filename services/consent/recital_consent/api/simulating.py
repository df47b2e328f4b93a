"""What the rulebook would say of a call that nobody has made."""

from typing import Annotated

from pydantic import Field
from recital_errors import Forbidden
from recital_identity import Permission, Principal
from recital_runtime import DirectRoute, Model, Router, authenticated

from recital_consent.actions.means import Means
from recital_consent.actions.simulating import Simulator, Thought
from recital_consent.api.calls import MOST_AT_ONCE, EntryBody
from recital_consent.api.shapes import Key, Label, Language, When
from recital_consent.api.views import KeepableView, ReasonView, reason_of, spans_view
from recital_consent.model.calls import Party, PartyKind, PartyType


class ThoughtParty(Model):
    """Who would take part. country: of the number; joins: only from a `joined` on; announced: staff were told (R20)."""

    party: Label
    kind: PartyKind
    type: PartyType = PartyType.PERSON
    country: Annotated[str, Field(pattern="^([A-Z]{2}|[0-9]{3})$")] | None = None
    joins: bool = False
    announced: bool = True


class Simulate(Model):
    """A call as it might be. purposes are published ones; not_drawn names those the sample would leave out (R19)."""

    from_registered_source: bool = True
    language: Language
    purposes: list[Key] = Field(min_length=1, max_length=50)
    parties: list[ThoughtParty] = Field(max_length=100)
    answered_at: When | None = None
    timeline: list[EntryBody] = Field(default=[], max_length=MOST_AT_ONCE)
    not_drawn: list[Key] = Field(default=[], max_length=50)
    at: When | None = None

    def thought(self) -> Thought:
        """Return it as the model knows it."""
        return Thought(
            has_source=self.from_registered_source,
            language=self.language,
            purposes=tuple(self.purposes),
            parties=tuple(
                Party(label=each.party, kind=each.kind, type=each.type, registered=not each.joins, region=each.country)
                for each in self.parties
            ),
            unannounced=frozenset(each.party for each in self.parties if not each.announced),
            left_out=frozenset(self.not_drawn),
            answered_at=self.answered_at,
            entries=tuple(each.draft(kept=False) for each in self.timeline),
            at=self.at,
        )


class SimulationView(Model):
    """What the rulebook says: whether recording might run at that moment, why not, and what could be kept."""

    may_record: bool
    reasons: list[ReasonView]
    keepable: list[KeepableView]


def simulating_routes(means: Means) -> Router:
    """Return the route for hypothetical calls."""
    router = Router(prefix="/v1/decisions", tags=["decisions"])
    simulator = Simulator(means)

    async def simulate(
        body: Simulate, principal: Annotated[Principal, authenticated(Permission.READ_PURPOSES)]
    ) -> SimulationView:
        """Answer for a hypothetical call, by the same rules; nothing is stored."""
        if principal.tenant is None:
            raise Forbidden("tenant_missing", "This token is of no tenant.")
        call, verdict = await simulator.simulate(principal.tenant, body.thought())
        return SimulationView(
            may_record=verdict.may_record,
            reasons=[reason_of(each) for each in verdict.reasons],
            keepable=[
                KeepableView(purpose=each.key, spans=spans_view(verdict.keepable[each.key])) for each in call.purposes
            ],
        )

    router.add_api_route("/simulate", simulate, methods=["POST"], route_class_override=DirectRoute)
    return router
