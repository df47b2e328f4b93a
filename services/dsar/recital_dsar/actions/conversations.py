"""A call as a vCon for the person who asked: they are named, everyone else is told by role; nothing is invented.

Recordings lie beside it and are named by the hash of exactly the bytes in the package. A notice is a proof beside the
basis that holds, never a consent (R03, R08).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from recital_vcon import (
    Anonymous,
    Basis,
    Conversation,
    Event,
    Grant,
    LawfulBasis,
    Party,
    PartyEvent,
    Proof,
    ProofType,
    Recording,
    Redaction,
    VCon,
    content_hash,
    vcon_uuid,
)

Content = Mapping[str, Any]
ROLES = {"staff": "agent", "customer": "customer", "third_party": "thirdparty"}
EVENTS = {"joined": Event.JOIN, "left": Event.DROP, "held": Event.HOLD, "resumed": Event.UNHOLD}
SAYS_YES, SAYS_NO = "consent_given", frozenset({"consent_refused", "consent_withdrawn", "objected"})
PLAYED = "notice_played"
TAKEN_OUT = "rights_of_others"


@dataclass(frozen=True, slots=True)
class Sounded:
    """A recording as it is in the package: what its owner says of it, its file, and the SHA-512 of the file."""

    content: Content
    filename: str
    sha512: bytes


@dataclass(frozen=True, slots=True)
class Teller:
    """Who tells: `package` names the maker, `subjects` are the person who asked, `identity` what they are known by."""

    package: UUID
    now: datetime
    subjects: frozenset[UUID]
    identities: Mapping[UUID, Content]


def conversation_file(teller: Teller, call: Content, sounds: Sequence[Sounded]) -> bytes:
    """Return a call as a checked vCon; raises Malformed `vcon_malformed` where what an owner said makes none."""
    started = _instant(call["at"])
    ended = _instant(call["ended_at"]) if call.get("ended_at") else None
    labels = [str(each["party"]) for each in call["parties"]]
    vcon = VCon(
        uuid=vcon_uuid(UUID(call["id"]), f"{teller.package}.recital.invalid"),
        created_at=teller.now,
        redacted=Redaction(TAKEN_OUT),
        parties=[_party(teller, each) for each in call["parties"]],
        conversation=Conversation(
            start=started,
            duration_s=None if ended is None else max(0.0, (ended - started).total_seconds()),
            parties=range(len(labels)),
            history=list(_history(call, labels)),
        ),
        recordings=[_recording(each, labels) for each in sounds],
        grounds=[
            (place, started, ground)
            for place, party in enumerate(call["parties"])
            if _is_asker(teller, party)
            for ground in _grounds(call, str(party["party"]), sounds)
        ],
    )
    return vcon.write()


def conversation_name(call: UUID | None) -> str:
    """Return the file name of a call's vCon in a package."""
    return f"vcons/{call}.vcon"


def _party(teller: Teller, party: Content) -> Party | Anonymous:
    role, kind = ROLES.get(party["kind"], "other"), party.get("type", "person")
    if not _is_asker(teller, party):
        return Anonymous(role, kind)
    known = teller.identities.get(UUID(party["subject"]), {})
    by_kind = {each["kind"]: str(each["value"]) for each in reversed(known.get("identifiers") or [])}
    return Party(role=role, type=kind, name=known.get("name"), tel=by_kind.get("number"), mailto=by_kind.get("email"))


def _is_asker(teller: Teller, party: Content) -> bool:
    return bool(party.get("subject")) and UUID(party["subject"]) in teller.subjects


def _history(call: Content, labels: Sequence[str]) -> Iterable[PartyEvent]:
    """Who came, went and was put on hold; what names no party is of everybody."""
    for entry in call.get("timeline", ()):
        event = EVENTS.get(entry["kind"])
        if event is None:
            continue
        meant = [entry["party"]] if entry.get("party") else labels
        for label in meant:
            if label in labels:
                yield PartyEvent(labels.index(label), _instant(entry["at"]), event)


def _recording(sound: Sounded, labels: Sequence[str]) -> Recording:
    content = sound.content
    on_channel: dict[int, list[int]] = {}
    for party in content["parties"]:
        if party["party"] in labels:
            on_channel.setdefault(party.get("channel") or 0, []).append(labels.index(party["party"]))
    number = content.get("channels") or max(on_channel, default=0) + 1
    return Recording(
        start=_instant(content.get("started_at") or content["at"]),
        duration_s=content.get("duration_ms", 0) / 1000,
        channels=[_channel(on_channel.get(channel, [])) for channel in range(number)],
        filename=sound.filename,
        content_hash=content_hash(sound.sha512),
    )


def _channel(places: list[int]) -> int | list[int] | None:
    if len(places) == 1:
        return places[0]
    return places or None


def _grounds(call: Content, label: str, sounds: Sequence[Sounded]) -> Iterable[LawfulBasis]:
    purposes = list(call.get("purposes") or ())
    for basis in dict.fromkeys(each["basis"] for each in purposes):
        theirs = [each for each in purposes if each["basis"] == basis]
        yield LawfulBasis(
            Basis(basis),
            tuple(_grant(call, each, label) for each in theirs),
            tuple(proof for each in theirs for proof in _proofs(call, each, label, sounds)),
        )


def _grant(call: Content, purpose: Content, label: str) -> Grant:
    """The last word of the person on a purpose decides; without one, only a basis other than consent holds."""
    granted, at = purpose["basis"] != Basis.CONSENT, _instant(call["at"])
    for entry in sorted(call.get("timeline", ()), key=lambda each: str(each["at"])):
        if not _concerns(entry, purpose, label):
            continue
        if entry["kind"] == SAYS_YES and purpose["basis"] == Basis.CONSENT:
            granted, at = True, _instant(entry["at"])
        elif entry["kind"] in SAYS_NO and purpose["basis"] not in ("contract", "legal_obligation", "vital_interests"):
            granted, at = False, _instant(entry["at"])
    return Grant(str(purpose["key"]), granted, at)


def _proofs(call: Content, purpose: Content, label: str, sounds: Sequence[Sounded]) -> Iterable[Proof]:
    for entry in call.get("timeline", ()):
        if not _concerns(entry, purpose, label):
            continue
        at = _instant(entry["at"])
        if entry["kind"] == PLAYED and entry.get("completed"):
            yield Proof(ProofType.SYSTEM, at, _notice(purpose, entry, sounds))
        elif entry["kind"] == SAYS_YES:
            since = max(timedelta(), at - _instant(call["at"]))
            yield Proof(ProofType.VERBAL, at, {"dialog_reference": 0, "time_offset": _clock(since)})


def _notice(purpose: Content, entry: Content, sounds: Sequence[Sounded]) -> dict[str, Any]:
    text = purpose.get("notice")
    first = min((str(each.content.get("started_at") or each.content["at"]) for each in sounds), default=None)
    said = {
        "system": "recital",
        "notice_id": purpose["key"],
        "notice_version": entry.get("version") or purpose.get("version"),
        "notice_text_sha256": hashlib.sha256(text.encode()).hexdigest() if text else None,
        "language": entry.get("language"),
        "played_from": entry.get("started_at"),
        "played_to": entry["at"],
        "recording_start": first,
    }
    return {name: value for name, value in said.items() if value is not None}


def _concerns(entry: Content, purpose: Content, label: str) -> bool:
    named, party = entry.get("purposes"), entry.get("party")
    return (not named or purpose["key"] in named) and party in (None, label)


def _clock(since: timedelta) -> str:
    seconds = int(since.total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
