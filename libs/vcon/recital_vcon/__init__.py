"""vCon 0.4.0: a conversation as one JSON document, with the ground on which it was kept, always checked.

Pure: holds no audio, opens no file, reads no clock. Drafts move: nothing outside this room knows their field names.
"""

from recital_vcon.checking import MEDIA_TYPE, VERSION, check, read_vcon
from recital_vcon.document import (
    Anonymous,
    Attachment,
    Conversation,
    Event,
    Party,
    PartyEvent,
    Recording,
    Redaction,
    VCon,
)
from recital_vcon.identifiers import content_hash, is_of, vcon_uuid
from recital_vcon.lawful_basis import LAWFUL_BASIS, Basis, Grant, LawfulBasis, Proof, ProofType, Verdict, may_use

__all__ = [
    "LAWFUL_BASIS",
    "MEDIA_TYPE",
    "VERSION",
    "Anonymous",
    "Attachment",
    "Basis",
    "Conversation",
    "Event",
    "Grant",
    "LawfulBasis",
    "Party",
    "PartyEvent",
    "Proof",
    "ProofType",
    "Recording",
    "Redaction",
    "VCon",
    "Verdict",
    "check",
    "content_hash",
    "is_of",
    "may_use",
    "read_vcon",
    "vcon_uuid",
]
