"""Whether an upload may begin, before a byte of its body is read: the checks, in the one order they are made in.

Tombstone, used permit, revoked, expired, not final, cap, media type. Token, role and the permit's signature come
before; whether the permit stands at consent is asked again before the commit. They are the same for every sender,
switchboard, provider or app (R23).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from recital_ingest.model.container import RAW_TYPES
from recital_ingest.model.permit import Permit
from recital_ingest.model.refusal import Kind, Refusal
from recital_ingest.model.spans import PurposeSpans

LEEWAY = timedelta(seconds=30)
WAV_TYPES = frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"})
COMPRESSED_TYPES = frozenset(
    {
        *("audio/ogg", "application/ogg", "audio/opus", "audio/mpeg", "audio/mp3", "audio/flac", "audio/x-flac"),
        *("audio/mp4", "audio/m4a", "audio/x-m4a", "audio/aac", "audio/aacp"),
    }
)
# What a sender calls it opens the door; what it is, its first bytes say.
MEDIA_TYPES = WAV_TYPES | COMPRESSED_TYPES | frozenset(RAW_TYPES) | {"application/octet-stream"}
SHA_256 = "sha-256"
SHA_512 = "sha-512"


@dataclass(frozen=True, slots=True)
class Digests:
    """SHA-256 and SHA-512 of received bytes; either may be unknown of what a sender only states (RFC 9530)."""

    sha256: bytes | None = None
    sha512: bytes | None = None

    @property
    def stated(self) -> bool:
        """Whether there is anything to compare."""
        return self.sha256 is not None or self.sha512 is not None

    def agrees(self, other: "Digests") -> bool:
        """Whether nothing that both know differs."""
        pairs = ((self.sha256, other.sha256), (self.sha512, other.sha512))
        return all(mine is None or theirs is None or mine == theirs for mine, theirs in pairs)


@dataclass(frozen=True, slots=True)
class Used:
    """What a permit was used for before."""

    recording: UUID
    digests: Digests
    damaged: bool = False
    """The recording was found damaged, so the same audio is taken in again under its id."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the sender wants: under which permit, as what, and what it says of the body."""

    permit: Permit
    media_type: str
    digests: Digests
    same_key_gave: UUID | None
    """The recording that this Idempotency-Key gave before, for the same permit."""


@dataclass(frozen=True, slots=True)
class Known:
    """What ingest knows of the call and the permit."""

    tombstones: Collection[frozenset[bytes]]
    """Of each erased recording of this call: the marks of the parties whose voices it carried."""
    parties: frozenset[bytes]
    """The marks of the permit's parties."""
    used: Used | None
    revoked: bool
    uploads_open: int
    suspended: bool = False
    closed: bool = False
    """The tenant records no more."""


@dataclass(frozen=True, slots=True)
class Proceed:
    """Read the body and keep what may be kept; `repairs` is the damaged recording whose place it takes."""

    repairs: UUID | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """Answer what was answered before, without reading the body."""

    recording: UUID


@dataclass(frozen=True, slots=True)
class Compare:
    """Read and hash the body without keeping it: the same bytes get the first answer, others a refusal."""

    used: Used


Admission = Proceed | Repeat | Compare | Refusal


def belongs(permit: Permit, tenant: UUID) -> Refusal | None:
    """The permit is of the tenant that the token names; the first check, before anything is looked up."""
    if permit.tenant != tenant:
        return Refusal(Kind.FORBIDDEN, "permit_wrong_tenant", "The permit is another tenant's.")
    return None


def admit(asked: Asked, known: Known, *, cap: int, now: datetime) -> Admission:
    """Make the checks in their order; the first that fails answers."""
    if known.closed:
        return CLOSED
    if is_buried(known.parties, known.tombstones):
        return BURIED
    repairs = None
    if known.used is not None:
        again = _again(asked, known.used)
        if isinstance(again, Refusal) or not known.used.damaged:
            return again
        repairs = known.used.recording
    refusal = _stands(asked.permit, known, now=now if repairs is None else None)
    if refusal is not None:
        return refusal
    if known.uploads_open >= cap:
        return TOO_MANY
    if asked.media_type not in MEDIA_TYPES:
        return Refusal(Kind.MEDIA, "audio_not_taken", "This media type is not taken: send audio.")
    return Proceed(repairs)


def is_buried(parties: frozenset[bytes], tombstones: Collection[frozenset[bytes]]) -> bool:
    """Whether audio of these parties was erased in this call: the same voices, fewer of them, or more beside them.

    Another leg of the call, with a voice of its own and another missing, is not.
    """
    return any(erased <= parties or parties <= erased for erased in tombstones)


def still_stands(permit: Permit, spans: PurposeSpans | None) -> Refusal | None:
    """Judge what consent answers right before the commit: None where the permit stands no more.

    With other spans than the audio was masked by, it is as good as revoked: the sender asks for a new permit.
    """
    return None if spans == permit.spans else REVOKED


def same_bytes(used: Used, received: Digests) -> Repeat | Refusal:
    """Judge a body that was hashed only, sent again under a used permit."""
    return Repeat(used.recording) if used.digests.agrees(received) else PERMIT_USED


BURIED = Refusal(Kind.GONE, "recording_erased", "The recording of this call was erased.")
REVOKED = Refusal(Kind.FORBIDDEN, "permit_revoked", "The permit was revoked.")
SUSPENDED = Refusal(Kind.FORBIDDEN, "permit_suspended", "The permit is being decided on; nothing is taken in under it.")
CLOSED = Refusal(Kind.FORBIDDEN, "tenant_closed", "This tenant is closed and records no more.")
TOO_MANY = Refusal(Kind.TOO_MANY, "too_many_uploads", "This tenant has as many uploads open as it may.", retry_after=1)
PERMIT_USED = Refusal(Kind.FORBIDDEN, "permit_used", "The permit was used for other audio.")


def _again(asked: Asked, used: Used) -> Repeat | Compare | Refusal:
    matches = asked.digests.agrees(used.digests)
    if asked.same_key_gave is not None:
        if matches:
            return Repeat(asked.same_key_gave)
        return Refusal(Kind.CONFLICT, "idempotency_key_reused", "This Idempotency-Key was used for another request.")
    if not asked.digests.stated:
        return Compare(used)
    return Repeat(used.recording) if matches else PERMIT_USED


def _stands(permit: Permit, known: Known, *, now: datetime | None) -> Refusal | None:
    """Judge the permit itself; without `now` its expiry does not count."""
    if known.suspended or known.revoked:
        return SUSPENDED if known.suspended else REVOKED
    if now is not None and now >= permit.expires_at + LEEWAY:
        return Refusal(Kind.FORBIDDEN, "permit_expired", "The permit has expired; ask for a new one.")
    if not permit.final:
        return Refusal(Kind.FORBIDDEN, "permit_not_final", "The call has not ended; a whole file needs a final permit.")
    return None
