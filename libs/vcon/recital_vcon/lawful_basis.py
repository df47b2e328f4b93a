"""On what ground a conversation was kept, for which purposes, and how that is proved.

draft-howe-vcon-lawful-basis-02, extension token `lawful_basis`: compatible, not critical. A notice is no consent: that
a person was told is a proof of kind `external_system` beside the basis that holds.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import rfc8785
from recital_errors import FieldError, Malformed

from recital_vcon.texts import is_instant, rfc3339

LAWFUL_BASIS = "lawful_basis"
SKEW = timedelta(minutes=5)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Basis(StrEnum):
    """The grounds there are (AVG art. 6(1))."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTERESTS = "legitimate_interests"


class ProofType(StrEnum):
    """How a basis is proved."""

    VERBAL = "verbal_confirmation"
    SIGNED = "signed_document"
    SIGNATURE = "cryptographic_signature"
    SYSTEM = "external_system"


_BASES, _PROOFS = tuple(map(str, Basis)), tuple(map(str, ProofType))


@dataclass(frozen=True, slots=True)
class Grant:
    """Whether a purpose may be served, decided when."""

    purpose: str
    granted: bool
    granted_at: datetime

    def as_json(self) -> dict[str, Any]:
        """Return the grant as the draft spells it."""
        return {"purpose": self.purpose, "granted": self.granted, "granted_at": rfc3339(self.granted_at)}


@dataclass(frozen=True, slots=True)
class Proof:
    """One proof; `data` is what the kind of proof asks for."""

    type: ProofType
    at: datetime
    data: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the proof as the draft spells it."""
        return {"proof_type": self.type.value, "timestamp": rfc3339(self.at), "proof_data": dict(self.data)}


@dataclass(frozen=True, slots=True)
class LawfulBasis:
    """The ground of one basis; `expires_at` None where it has no fixed end."""

    basis: Basis
    grants: tuple[Grant, ...]
    proofs: tuple[Proof, ...] = ()
    expires_at: datetime | None = None

    def body(self, vcon: str) -> dict[str, Any]:
        """Return the attachment's body, bound by hash to the vCon of this uuid, so that it proves nothing elsewhere."""
        body: dict[str, Any] = {
            "lawful_basis": self.basis.value,
            "expiration": None if self.expires_at is None else rfc3339(self.expires_at),
            "purpose_grants": [each.as_json() for each in self.grants],
            "metadata": {"vcon": vcon},
        }
        if self.proofs:
            body["proof_mechanisms"] = [each.as_json() for each in self.proofs]
        return {**body, "content_hash": _hash_of(body)}


class Verdict(StrEnum):
    """Whether a purpose may be served; the words of the draft for why not."""

    GRANTED = "granted"
    EXPIRED = "LawfulBasisExpired"
    DENIED = "PermissionDenied"
    MISSING = "LawfulBasisMissing"


def may_use(document: Mapping[str, Any], purpose: str, now: datetime) -> Verdict:
    """Say whether a checked vCon may be used for a purpose: of all grants the most restrictive wins, none is no.

    An expiry is over five minutes after its instant, for clocks that differ.
    """
    verdicts = [
        _of_grant(body, grant, now)
        for body in _bodies(document)
        for grant in body["purpose_grants"]
        if grant["purpose"] == purpose
    ]
    if not verdicts:
        return Verdict.MISSING
    return next((each for each in (Verdict.DENIED, Verdict.EXPIRED) if each in verdicts), Verdict.GRANTED)


def check_body(body: Any, path: str, *, vcon: object) -> Iterable[FieldError]:
    """Give what is wrong with an attachment's body (4.2 of the draft); `vcon` is the uuid of the document it is in."""
    if not isinstance(body, Mapping):
        yield FieldError(path, "not_an_object")
        return
    if body.get("lawful_basis") not in _BASES:
        yield FieldError(f"{path}.lawful_basis", "unknown_basis")
    if "expiration" not in body or not (body["expiration"] is None or is_instant(body["expiration"])):
        yield FieldError(f"{path}.expiration", "not_an_instant")
    yield from _check_grants(body.get("purpose_grants"), f"{path}.purpose_grants")
    yield from _check_proofs(body.get("proof_mechanisms", []), f"{path}.proof_mechanisms")
    yield from _check_binding(body, path, vcon)


def _check_grants(grants: Any, path: str) -> Iterable[FieldError]:
    if not isinstance(grants, list) or not grants:
        yield FieldError(path, "missing")
        return
    for number, grant in enumerate(grants):
        fits = (
            isinstance(grant, Mapping)
            and isinstance(grant.get("purpose"), str)
            and isinstance(grant.get("granted"), bool)
            and is_instant(grant.get("granted_at"))
        )
        if not fits:
            yield FieldError(f"{path}.{number}", "not_a_grant")


def _check_proofs(proofs: Any, path: str) -> Iterable[FieldError]:
    if not isinstance(proofs, list):
        yield FieldError(path, "not_a_list")
        return
    for number, proof in enumerate(proofs):
        fits = (
            isinstance(proof, Mapping)
            and proof.get("proof_type") in _PROOFS
            and is_instant(proof.get("timestamp"))
            and isinstance(proof.get("proof_data"), Mapping)
        )
        if not fits:
            yield FieldError(f"{path}.{number}", "not_a_proof")


def _check_binding(body: Mapping[str, Any], path: str, vcon: object) -> Iterable[FieldError]:
    bound = body.get("metadata", {})
    if isinstance(bound, Mapping) and bound.get("vcon", vcon) != vcon:
        yield FieldError(f"{path}.metadata.vcon", "of_another_vcon")
    stated = body.get("content_hash")
    if stated is None:
        return
    if not isinstance(stated, Mapping) or stated.get("algorithm") != "sha-256":
        yield FieldError(f"{path}.content_hash", "UnsupportedHashAlgorithm")
    elif stated.get("canonicalization") != "jcs":
        yield FieldError(f"{path}.content_hash", "UnsupportedCanonicalization")
    elif not _agrees(body, stated):
        yield FieldError(f"{path}.content_hash", "ContentHashMismatch")


def _agrees(body: Mapping[str, Any], stated: Mapping[str, Any]) -> bool:
    try:
        own = _hash_of({name: value for name, value in body.items() if name != "content_hash"})
    except Malformed:
        return False
    return bool(_HEX.fullmatch(str(stated.get("value")))) and own["value"] == stated["value"]


def _bodies(document: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return (each["body"] for each in document.get("attachments", ()) if each.get("purpose") == LAWFUL_BASIS)


def _of_grant(body: Mapping[str, Any], grant: Mapping[str, Any], now: datetime) -> Verdict:
    if not grant["granted"]:
        return Verdict.DENIED
    expiration = body["expiration"]
    if expiration is not None and now - SKEW > datetime.fromisoformat(expiration):
        return Verdict.EXPIRED
    return Verdict.GRANTED


def _hash_of(body: Mapping[str, Any]) -> dict[str, str]:
    try:
        digest = hashlib.sha256(rfc8785.dumps(dict(body))).hexdigest()
    except (ValueError, RecursionError):
        raise Malformed("not_canonical", "This value has no canonical JSON form.") from None
    return {"algorithm": "sha-256", "canonicalization": "jcs", "value": digest}
