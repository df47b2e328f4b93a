"""What requests and answers look like on the wire, and how the model's nouns are shown in them."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator
from recital_runtime import Instant, Model, Text200, Text2000, Text10000

from recital_dsar.actions.reading import ItemShown, Overview
from recital_dsar.decisions.letters import is_mail_address
from recital_dsar.decisions.progress import Block
from recital_dsar.decisions.proposing import Proposal
from recital_dsar.model import (
    Decision,
    Outcome,
    Package,
    PackageState,
    Part,
    PartState,
    Request,
    RequestKind,
    State,
    Withholding,
)

Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class Identifier(Model):
    """One thing by which a person may be known."""

    kind: Literal["number", "email", "customer_number", "staff_id"]
    value: Text200


class Channel(Model):
    """How the person wants to be answered; kept sealed while the request is open."""

    kind: Literal["email", "letter", "officer"]
    address: Text2000 | None = None

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.kind == "email" and not is_mail_address(self.address):
            raise ValueError("an e-mail address is needed")
        if self.kind == "letter" and self.address is None:
            raise ValueError("a postal address is needed")
        return self


class NewRequest(Model):
    """A person's request; `received_on` only by an officer, for one that came earlier (a letter)."""

    kind: RequestKind
    identifiers: Annotated[list[Identifier], Field(min_length=1, max_length=20)]
    channel: Channel
    language: Literal["nl", "en"] = "nl"
    received_on: date | None = None
    note: Text10000 | None = None


class ManyRequests(Model):
    """Requests that came together, as on paper: all are taken in or none."""

    requests: Annotated[list[NewRequest], Field(min_length=1, max_length=100)]


class Receipt(Model):
    """What the asker gets: the same for a person who is known and one who is not."""

    id: UUID
    kind: RequestKind
    state: State
    received_on: date
    due_on: date
    extended_due_on: date
    internal_target_on: date
    withholding: Withholding


class PartView(Model):
    """A service's part of the collection."""

    service: str
    state: PartState
    items: int
    size: int
    sha256: str


class ItemCountsView(Model):
    """How many items there are, are decided, and are given."""

    total: int
    decided: int
    given: int


class PackageView(Model):
    """How far the package has come."""

    id: UUID
    state: PackageState
    files_done: int
    files_total: int
    size: int | None
    sha256: str | None
    ends_at: Instant | None


class BlockView(Model):
    """One thing that stands in the way."""

    code: str
    service: str | None = None
    count: int | None = None


class RequestView(Receipt):
    """A request as officers see it: dates, how far each part has come, what comes next and what blocks it."""

    language: str
    received_at: Instant
    alarm_on: date
    extension_alarm_on: date
    answer_by: date
    extension_asked_at: Instant | None
    extended_at: Instant | None
    answered_at: Instant | None
    channel: str
    proved_by: str | None
    repeats: UUID | None
    days_left: int | None
    subjects: list[UUID] | None
    order: UUID | None
    identity_asked_at: Instant | None
    identity_settled_at: Instant | None
    outcome: Outcome | None
    closed_at: Instant | None
    parts: list[PartView]
    items: ItemCountsView
    package: PackageView | None
    next_step: str
    blocked_by: list[BlockView]


class IdentityCheck(Model):
    """What an officer found: documents were checked and are noted, never stored."""

    method: Literal["documents"] = "documents"
    outcome: Literal["asked", "confirmed", "refused"]
    note: Text2000 | None = None


class IdentityView(RequestView):
    """The request after the check; `code` is the one-time code to hand over, shown this once."""

    code: str | None


class PartyView(Model):
    """A party of a call; `requester` is the person who asked."""

    party: str
    kind: str
    requester: bool


class ProposalView(Model):
    """What the rules propose for an item."""

    decision: Decision
    mute: list[str]
    reason: str | None
    rule: str | None
    article: str | None


class ItemView(Model):
    """One thing that was handed in; `thing` is its id at its owner."""

    id: UUID
    service: str
    kind: str
    thing: UUID | None
    at: Instant | None
    parties: list[PartyView]
    held: bool
    proposal: ProposalView | None
    decision: Decision | None
    reason: str | None
    mute: list[str]
    ground: str | None
    decided_by: str | None
    decided_at: Instant | None
    trouble: str | None


class ItemFilter(Model):
    """Which items are meant: those with each property that is stated."""

    kind: Label | None = None
    service: Literal["consent", "ingest", "retention", "dsar"] | None = None
    held: bool | None = None
    undecided: bool = False
    decision: Decision | None = None
    since: Instant | None = None
    until: Instant | None = None


class NewDecision(Model):
    """An officer's decision on named items, on all, or on those a filter finds; one of the three is stated.

    Without `decision` each item gets what is proposed for it, and its reason. Without `mute` the proposed voices are
    muted. To withhold, or to let others be heard, takes a ground; to erase, keep, restrict or correct an `article`, and
    a correction its `wording`.
    """

    items: Annotated[list[UUID], Field(min_length=1, max_length=1000)] | None = None
    all: bool = False
    filter: ItemFilter | None = None
    decision: Decision | None = None
    ground: Text2000 | None = None
    article: Annotated[str, Field(pattern=r"^[0-9]{2}(\([0-9]\)(\([a-f]\))?)?$")] | None = None
    wording: Text10000 | None = None
    mute: Annotated[list[Label], Field(max_length=64)] | None = None

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if sum((self.items is not None, self.all, self.filter is not None)) != 1:
            raise ValueError("state exactly one of items, all and filter")
        return self


class DecisionView(Model):
    """How many items were decided, and how the request's items stand now."""

    decided: int
    items: ItemCountsView


class Code(Model):
    """The one-time code as the person has it."""

    code: Text200


class SessionView(Model):
    """The person's token for this one request."""

    token: str
    expires_at: Instant


def receipt(request: Request) -> Receipt:
    """Return what the asker is answered."""
    return Receipt(**_receipt(request))


def request_view(shown: Overview) -> RequestView:
    """Return a request as officers see it."""
    return RequestView(**_view(shown))


def identity_view(shown: Overview, code: str | None) -> IdentityView:
    """Return a request with the code that was just made."""
    return IdentityView(**_view(shown), code=code)


def item_view(shown: ItemShown, subjects: tuple[UUID, ...]) -> ItemView:
    """Return an item as officers see it."""
    item, proposal = shown.item, shown.proposal
    return ItemView(
        id=item.id,
        service=item.service,
        kind=item.kind,
        thing=item.thing,
        at=item.at,
        parties=[
            PartyView(party=each.party, kind=each.kind, requester=each.subject in subjects) for each in item.parties
        ],
        held=item.held,
        proposal=None if proposal is None else _proposal(proposal),
        decision=item.decision,
        reason=item.reason,
        mute=list(item.mute),
        ground=shown.ground,
        decided_by=item.decided_by,
        decided_at=item.decided_at,
        trouble=item.trouble,
    )


def _proposal(proposal: Proposal) -> ProposalView:
    return ProposalView(
        decision=proposal.decision,
        mute=list(proposal.mute),
        reason=proposal.reason.code if proposal.reason else None,
        rule=proposal.reason.rule if proposal.reason else None,
        article=proposal.article,
    )


def _receipt(request: Request) -> dict[str, object]:
    return {
        "id": request.id,
        "kind": request.kind,
        "state": request.state,
        "received_on": request.deadlines.received_on,
        "due_on": request.deadlines.due_on,
        "extended_due_on": request.deadlines.extended_due_on,
        "internal_target_on": request.deadlines.internal_target_on,
        "withholding": request.withholding,
    }


def _view(shown: Overview) -> dict[str, object]:
    request = shown.request
    return {
        **_receipt(request),
        "language": request.language,
        "received_at": request.received_at,
        "alarm_on": request.deadlines.alarm_on,
        "extension_alarm_on": request.deadlines.extension_alarm_on,
        "answer_by": request.answer_by,
        "extension_asked_at": request.extension_asked_at,
        "extended_at": request.extended_at,
        "answered_at": request.answered_at,
        "channel": request.channel,
        "proved_by": request.proved_by,
        "repeats": request.repeats,
        "days_left": shown.days_left,
        "subjects": None if request.subjects is None else list(request.subjects),
        "order": request.order,
        "identity_asked_at": request.identity_asked_at,
        "identity_settled_at": request.identity_settled_at,
        "outcome": request.outcome,
        "closed_at": request.closed_at,
        "parts": [_part(each) for each in shown.parts],
        "items": ItemCountsView(total=shown.items.total, decided=shown.items.decided, given=shown.items.given),
        "package": None if shown.package is None else _package(shown.package),
        "next_step": shown.progress.next_step,
        "blocked_by": [_block(each) for each in shown.progress.blocked_by],
    }


def _part(part: Part) -> PartView:
    return PartView(service=part.service, state=part.state, items=part.items, size=part.size, sha256=part.sha256)


def _package(package: Package) -> PackageView:
    return PackageView(
        id=package.id,
        state=package.state,
        files_done=package.files_done,
        files_total=package.files_total,
        size=package.size,
        sha256=package.sha256,
        ends_at=package.ends_at,
    )


def _block(block: Block) -> BlockView:
    return BlockView(code=block.code, service=block.service, count=block.count)
