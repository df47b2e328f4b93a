"""Purposes: why calls are recorded, each with its ground in law (R08), in versions that never change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class BasisKind(StrEnum):
    """The six lawful bases, AVG art. 6(1)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTERESTS = "legitimate_interests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """A lawful basis with what shows that it holds; which fields it needs depends on its kind.

    document: the contract, assessment or law it rests on. outcome and review_on: of the balancing test behind a
    legitimate interest. texts: what consent is asked for, per language. withdrawal: how consent is taken back.
    """

    kind: BasisKind
    document: str | None = None
    citation: str | None = None
    outcome: str | None = None
    review_on: date | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    withdrawal: str | None = None


class CouncilKind(StrEnum):
    """What a tenant says of its works council (R20)."""

    REFERENCE = "reference"
    NONE_FEWER_THAN_50 = "none_fewer_than_50"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorksCouncil:
    """The works council's decision by its reference, or the statement that there is none (fewer than 50 people)."""

    kind: CouncilKind
    reference: str | None = None


class Monitoring(StrEnum):
    """Whether a purpose watches staff (R19)."""

    NONE = "none"
    SAMPLED = "sampled"
    CONTINUOUS = "continuous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """How much of each member of staff's calls a sampled purpose records: a share, and a cap for a month (R19)."""

    share_percent: int
    cap_per_month: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffOnly:
    """An exception that lets calls with staff only be recorded, until the end of a day (R27), and why it is needed."""

    until: date
    necessity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffSafeguards:
    """What protects staff who are heard (R19, R20, R27): continuous watching needs a written necessity and a DPIA."""

    works_council: WorksCouncil | None = None
    monitoring: Monitoring = Monitoring.NONE
    necessity: str | None = None
    dpia: str | None = None
    sample: Sample | None = None
    staff_only: StaffOnly | None = None


class RetentionFrom(StrEnum):
    """What retention counts from: the call's end, or the end of what a reference of the call names (a contract)."""

    CALL_END = "call_end"
    REFERENCE_ENDED = "reference_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeDraft:
    """A purpose as its tenant wants to publish it. retention: an ISO 8601 duration; notices: a text per language.

    at_most: where retention waits for a reference to end, the longest it may last after the call all the same.
    """

    key: str
    title: str
    basis: Basis
    notices: Mapping[str, str]
    retention: str
    roles: frozenset[str]
    hold_suppressed: bool = True
    hold_necessity: str | None = None
    staff_safeguards: StaffSafeguards = field(default_factory=StaffSafeguards)
    retention_from: RetentionFrom = RetentionFrom.CALL_END
    at_most: str | None = None

    @property
    def is_sampled(self) -> bool:
        """Whether only a share of the calls is drawn for it (R19)."""
        return self.staff_safeguards.monitoring is Monitoring.SAMPLED

    @property
    def longest_retention(self) -> str:
        """How long a recording may be kept at most, whatever its references do."""
        return self.at_most or self.retention


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeVersion:
    """One published version. notice_sha256: per language, the hex SHA-256 of the notice text in UTF-8.

    document: what shows that it was in force from a past date, of a version that two people published. retired_at:
    since when no call is registered for the purpose any more. later_retentions: how long the versions published after
    it keep recordings at most; told only where a call is judged under this one.
    """

    id: UUID
    version: int
    draft: PurposeDraft
    notice_sha256: Mapping[str, str]
    published_at: datetime
    in_force_from: datetime
    document: str | None = None
    retired_at: datetime | None = None
    later_retentions: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """The purpose's key, unique within its tenant."""
        return self.draft.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A version that is to count from a past date; it waits for a second person (R04). version: once it is published.

    proposed_by: a keyed digest of who proposed it, by which the second person is told from the first.
    """

    id: UUID
    draft: PurposeDraft
    in_force_from: datetime
    document: str
    proposed_by: bytes
    proposed_at: datetime
    approved_at: datetime | None = None
    version: int | None = None
