"""A call as it is answered: its state, the decision with every reason, and the notice texts to play."""

from collections.abc import Iterable
from uuid import UUID

from pydantic import Field
from recital_errors import Reason
from recital_runtime import Instant, Model

from recital_consent.actions.rectifying import Corrected
from recital_consent.decisions.reasons import EXPLANATIONS
from recital_consent.decisions.verdict import Verdict
from recital_consent.model.calls import CallRecord, Direction, PartyKind, PartyType, Written
from recital_consent.model.completeness import Outcome
from recital_consent.model.spans import FOREVER, Spans, instant_of


class ReasonView(Model):
    """A rule that failed: about one party or purpose, or about the whole call."""

    code: str
    rule: str | None
    text_nl: str
    text_en: str
    party: str | None
    purpose: str | None


class SpanView(Model):
    """A half-open span of the call; open where it has no end yet."""

    starts_at: Instant
    ends_at: Instant | None


class KeepableView(Model):
    """What may be kept so far for a purpose."""

    purpose: str
    spans: list[SpanView]


class NoticeView(Model):
    """The notice text of a purpose in the call's language."""

    purpose: str
    version: int
    language: str
    text: str
    sha256: str


class DecisionView(Model):
    """Whether recording may run now, why not, what may be kept, and what is to be told."""

    may_record: bool
    reasons: list[ReasonView]
    keepable: list[KeepableView]
    notices: list[NoticeView]


class PartyView(Model):
    """A party by its label, and the subject it is."""

    party: str
    kind: PartyKind
    type: PartyType
    subject: UUID | None


class SpansView(Model):
    """The spans of a set of purposes, in milliseconds since the answer."""

    purposes: list[str]
    spans: list[list[int]]


class PermitView(Model):
    """A permit: the signed form goes into Recital-Permit when the audio is sent."""

    id: UUID
    permit: str
    expires_at: Instant
    final: bool
    spans: list[SpansView]


class RectificationView(Model):
    """A correction that was decided (AVG art. 16): it stands beside what was registered, which is never edited."""

    id: UUID
    text: str
    made_at: Instant


class CallView(Model):
    """A call. `rectifications` is given where one call is read."""

    id: UUID
    external_id: str | None
    reference: str
    direction: Direction | None
    language: str | None
    purposes: list[str]
    references: list[str]
    parties: list[PartyView]
    registered_at: Instant
    started_at: Instant | None
    ended_at: Instant | None
    private: bool
    recorded_at: Instant | None
    timeline_version: int
    outcome: Outcome
    decision: DecisionView
    permit: PermitView | None = None
    permit_reasons: list[ReasonView] = Field(default_factory=list)
    rectifications: list[RectificationView] = Field(default_factory=list)


class EntryView(Model):
    """An entry of a timeline; `ledger_entry` is its id in the ledger `consent`."""

    id: str
    kind: str
    at: Instant
    received_at: Instant
    party: str | None
    purposes: list[str]
    version: int | None
    language: str | None
    started_at: Instant | None
    ended_at: Instant | None
    completed: bool
    ledger_entry: UUID


def call_view(call: CallRecord, verdict: Verdict) -> CallView:
    """Return a call as it is answered."""
    return CallView(
        id=call.id,
        external_id=call.external_id,
        reference=call.reference,
        direction=call.direction,
        language=call.language,
        purposes=[each.key for each in call.purposes],
        references=list(call.references),
        parties=[
            PartyView(party=each.label, kind=each.kind, type=each.type, subject=each.subject)
            for each in call.facts.parties
        ],
        registered_at=call.registered_at,
        started_at=call.started_at,
        ended_at=call.ended_at,
        private=call.private,
        recorded_at=call.recorded_at,
        timeline_version=call.timeline_version,
        outcome=call.completeness.outcome,
        decision=DecisionView(
            may_record=verdict.may_record,
            reasons=[reason_of(each) for each in verdict.reasons],
            keepable=[
                KeepableView(purpose=each.key, spans=spans_view(verdict.keepable[each.key])) for each in call.purposes
            ],
            notices=_notices(call),
        ),
    )


def rectification_views(corrected: Iterable[Corrected]) -> list[RectificationView]:
    """Return corrections as they are answered."""
    return [RectificationView(id=each.id, text=each.text, made_at=each.made_at) for each in corrected]


def entry_view(written: Written) -> EntryView:
    """Return an entry as it is answered."""
    entry = written.entry
    return EntryView(
        id=entry.id,
        kind=entry.kind.value,
        at=entry.at,
        received_at=entry.received_at,
        party=entry.party,
        purposes=sorted(entry.purposes),
        version=entry.version,
        language=entry.language,
        started_at=entry.started_at,
        ended_at=entry.ended_at,
        completed=entry.completed,
        ledger_entry=written.ledger_entry,
    )


def reason_of(reason: Reason) -> ReasonView:
    """Return why not, in both languages."""
    explained = EXPLANATIONS[reason.code]
    return ReasonView(
        code=reason.code,
        rule=reason.rule,
        text_nl=explained.text_nl,
        text_en=explained.text_en,
        party=reason.party,
        purpose=reason.purpose,
    )


def spans_view(spans: Spans) -> list[SpanView]:
    """Return spans as instants."""
    return [
        SpanView(starts_at=instant_of(start), ends_at=None if end == FOREVER else instant_of(end))
        for start, end in spans.pieces
    ]


def _notices(call: CallRecord) -> list[NoticeView]:
    language = call.language or ""
    return [
        NoticeView(
            purpose=each.key,
            version=each.version,
            language=language,
            text=each.draft.notices[language],
            sha256=each.notice_sha256[language],
        )
        for each in call.purposes
        if language in each.draft.notices
    ]
