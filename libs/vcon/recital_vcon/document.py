"""A vCon as it is written: a conversation between parties, its recordings, and what belongs to it.

Only what Recital says of a call is here. A file is named by its hash and lies beside the vCon: the body is absent,
which the draft allows of a redacted vCon alone (4.3.10), and so each vCon of ours says what was taken out of it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from recital_vcon.checking import VERSION, check
from recital_vcon.lawful_basis import LAWFUL_BASIS, LawfulBasis
from recital_vcon.texts import rfc3339

WAV = "audio/x-wav"
CONVERSATION = 0
"""The place of the conversation among the dialogs; its recordings follow."""


class Event(StrEnum):
    """What a party did during a conversation (4.3.13.1)."""

    JOIN = "join"
    DROP = "drop"
    HOLD = "hold"
    UNHOLD = "unhold"
    MUTE = "mute"
    UNMUTE = "unmute"


@dataclass(frozen=True, slots=True)
class Party:
    """A party who is named; `role` is that of the contact-centre extension, `type` person or bot."""

    role: str
    type: str
    name: str | None = None
    tel: str | None = None
    mailto: str | None = None
    validation: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the party as the draft spells it."""
        return _said(
            name=self.name,
            tel=self.tel,
            mailto=self.mailto,
            validation=self.validation or ("none" if self.name else None),
            type=self.type,
            role=self.role,
        )


@dataclass(frozen=True, slots=True)
class Anonymous:
    """A party of whom only what they were to the call is told (4.2.5)."""

    role: str
    type: str

    def as_json(self) -> dict[str, Any]:
        """Return the party as the draft spells it."""
        return {"name": "anonymous", "type": self.type, "role": self.role}


@dataclass(frozen=True, slots=True)
class PartyEvent:
    """Something that a party, by its place, did at an instant."""

    party: int
    at: datetime
    event: Event

    def as_json(self) -> dict[str, Any]:
        """Return the event as the draft spells it."""
        return {"party": self.party, "time": rfc3339(self.at), "event": self.event.value}


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording in a file beside the vCon, whose bytes have this hash; `channels` is a party per channel or None."""

    start: datetime
    duration_s: float
    channels: Sequence[int | list[int] | None]
    filename: str
    content_hash: str
    mediatype: str = WAV

    def as_json(self) -> dict[str, Any]:
        """Return the dialog as the draft spells it."""
        return {
            "type": "recording",
            "start": rfc3339(self.start),
            "duration": self.duration_s,
            "parties": list(self.channels),
            "recording_set": CONVERSATION,
            "mediatype": self.mediatype,
            "filename": self.filename,
            "content_hash": self.content_hash,
        }


@dataclass(frozen=True, slots=True)
class Conversation:
    """The whole call, recorded or not: when it was, who took part, who came and went."""

    start: datetime
    duration_s: float | None
    parties: Sequence[int]
    history: Sequence[PartyEvent] = ()
    originator: int | None = None

    def as_json(self, recordings: int) -> dict[str, Any]:
        """Return the dialog as the draft spells it, for so many recordings that follow it."""
        return _said(
            type="recording-set",
            start=rfc3339(self.start),
            duration=self.duration_s,
            parties=list(self.parties),
            originator=self.originator,
            recordings=list(range(CONVERSATION + 1, CONVERSATION + 1 + recordings)),
            party_history=[each.as_json() for each in self.history] or None,
        )


@dataclass(frozen=True, slots=True)
class Attachment:
    """JSON that belongs to the conversation, stated by or of a party."""

    purpose: str
    start: datetime
    party: int
    body: Any

    def as_json(self) -> dict[str, Any]:
        """Return the attachment as the draft spells it."""
        return {
            "purpose": self.purpose,
            "start": rfc3339(self.start),
            "party": self.party,
            "dialog": CONVERSATION,
            "mediatype": "application/json",
            "encoding": "json",
            "body": self.body,
        }


@dataclass(frozen=True, slots=True)
class Redaction:
    """What was taken out, in a word, and the uuid of the fuller vCon where there is one."""

    type: str
    uuid: UUID | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the redaction as the draft spells it."""
        return _said(uuid=None if self.uuid is None else str(self.uuid), type=self.type)


@dataclass(frozen=True, slots=True)
class VCon:
    """One conversation; `grounds` are each of the party, by place, whose data they allow to be kept, since when."""

    uuid: UUID
    created_at: datetime
    redacted: Redaction
    parties: Sequence[Party | Anonymous]
    conversation: Conversation
    recordings: Sequence[Recording] = ()
    grounds: Sequence[tuple[int, datetime, LawfulBasis]] = ()
    attachments: Sequence[Attachment] = field(default=())
    subject: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the document, checked; raises Malformed `vcon_malformed` with each fault."""
        name = str(self.uuid)
        grounds = [Attachment(LAWFUL_BASIS, since, party, ground.body(name)) for party, since, ground in self.grounds]
        document: dict[str, Any] = _said(
            vcon=VERSION,
            uuid=name,
            created_at=rfc3339(self.created_at),
            subject=self.subject,
            extensions=["CC", *([LAWFUL_BASIS] if grounds else [])],
            redacted=self.redacted.as_json(),
            parties=[each.as_json() for each in self.parties],
            dialog=[
                self.conversation.as_json(len(self.recordings)),
                *(each.as_json() for each in self.recordings),
            ],
            attachments=[each.as_json() for each in (*grounds, *self.attachments)] or None,
        )
        check(document)
        return document

    def write(self) -> bytes:
        """Return the document as bytes, checked; raises Malformed `vcon_malformed` with each fault."""
        return json.dumps(self.as_json(), ensure_ascii=False).encode()


def _said(**members: Any) -> dict[str, Any]:
    """Return the members that have a value: an absent one is left out, never null."""
    found: Mapping[str, Any] = {name: value for name, value in members.items() if value is not None}
    return dict(found)
