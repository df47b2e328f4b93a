"""The words of the page of a certificate, all of one page in its own language.

What was signed speaks in codes and in English; on the page each is said in words. A code that is not known here, as of
a certificate of another release, is shown as it was signed.
"""

from collections.abc import Mapping
from typing import Literal

from recital_retention.decisions.certificates import CIPHERTEXT_UNTIL, IN_BACKUPS_UNTIL, NO_KEY_BACKUPS

Language = Literal["nl", "en"]

WORDS: Mapping[str, Mapping[str, str]] = {
    "nl": {
        "title": "Bewijs van vernietiging",
        "jti": "Nummer van dit bewijs",
        "tenant": "Verwerkingsverantwoordelijke",
        "kind": "Wat is vernietigd",
        "holding": "Kenmerk daarvan",
        "ground": "Op welke grond",
        "order": "Opdracht",
        "deletion_began_at": "Vernietiging begonnen",
        "erased_at": "Laatste plaats leeg bevonden",
        "certified_at": "Bewijs ondertekend",
        "control_sequence": "Plaats in het controleregister",
        "places_count": "Aantal plaatsen",
        "places_sha256": "SHA-256 van de lijst van plaatsen",
        "places": "Plaatsen, elk leeg bevonden",
        "where": "Plaats", "how": "Hoe vastgesteld", "when": "Wanneer",
        "beneath": "Wat daarna nog kan liggen",
        "objects": "Onder de opslag", "key_backups": "Sleutels",
        "cannot_return_after": "Kan niet terugkomen na",
        "entry": "Regel in het vernietigingsregister",
        "signed": "De ondertekende vorm (JWS)",
        "too_many": "Te veel plaatsen om hier te noemen; de hash hierboven legt de lijst vast.",
    },
    "en": {
        "title": "Certificate of erasure",
        "jti": "Number of this certificate",
        "tenant": "Controller",
        "kind": "What was erased",
        "holding": "Its id",
        "ground": "On which ground",
        "order": "Order",
        "deletion_began_at": "Deletion began",
        "erased_at": "Last place found empty",
        "certified_at": "Certificate signed",
        "control_sequence": "Place in the control ledger",
        "places_count": "Number of places",
        "places_sha256": "SHA-256 of the list of places",
        "places": "Places, each found empty",
        "where": "Place", "how": "How it was found", "when": "When",
        "beneath": "What may still lie there afterwards",
        "objects": "Beneath the store", "key_backups": "Keys",
        "cannot_return_after": "Cannot come back after",
        "entry": "Entry in the erasure ledger",
        "signed": "The signed form (JWS)",
        "too_many": "Too many places to name here; the hash above stands for the list.",
    },
}  # fmt: skip
_SAID: Mapping[Language, Mapping[str, str]] = {
    "nl": {
        "recording": "gespreksopname",
        "call": "verslag van een gesprek",
        "identity": "gegevens van een persoon",
        "request": "dossier van een verzoek",
        "package": "kopie voor een persoon",
        "collection": "overzicht voor een verzoek",
        "bundle": "bewijsbundel",
        "retention_ended": "de bewaartermijn is voorbij",
        "permit_revoked": "de grond om het te bewaren is vervallen",
        "private_call": "het was een privégesprek",
        "purpose_ended": "het doel is geëindigd",
        "erasure_requested": "een verzoek om wissing is toegewezen",
        "tenant_closed": "de organisatie gebruikt Recital niet meer",
        "no_longer_needed": "het is nergens meer voor nodig",
        "request_closed": "het verzoek is afgesloten",
        "content_erased": "wat erin zat, is gewist",
        "key": "sleutel",
        "object": "object",
        "rows": "rijen",
        "key_row_absent": "de sleutel is er niet meer",
        "key_deleted": "de sleutel is er niet meer",
        "key_absent": "de sleutel is er niet meer",
        "no_version_no_upload": "geen versie en geen open upload meer",
        "versions_deleted": "geen versie meer",
        "rows_deleted": "de rijen zijn verwijderd",
        "deleted": "verwijderd",
    },
    "en": {
        "recording": "recording of a call",
        "call": "record of a call",
        "identity": "data of a person",
        "request": "file of a request",
        "package": "copy for a person",
        "collection": "overview for a request",
        "bundle": "bundle of evidence",
        "retention_ended": "its time was over",
        "permit_revoked": "the ground to keep it was gone",
        "private_call": "it was a private call",
        "purpose_ended": "its purpose has ended",
        "erasure_requested": "a request for erasure was upheld",
        "tenant_closed": "the organisation no longer uses Recital",
        "no_longer_needed": "nothing needs it any more",
        "request_closed": "the request is closed",
        "content_erased": "what was in it was erased",
        "key": "key",
        "object": "object",
        "rows": "rows",
        "key_row_absent": "the key is there no more",
        "key_deleted": "the key is there no more",
        "key_absent": "the key is there no more",
        "no_version_no_upload": "no version and no open upload any more",
        "versions_deleted": "no version any more",
        "rows_deleted": "the rows were deleted",
        "deleted": "deleted",
    },
}
# What is signed as a sentence, by how it begins: the rest is a day.
_SENTENCES: Mapping[Language, Mapping[str, str]] = {
    "nl": {
        CIPHERTEXT_UNTIL: "versleutelde gegevens zonder sleutel onder de opslag (prullenbak van MinIO, volumes van"
        " SeaweedFS) tot en met ",
        NO_KEY_BACKUPS: "van sleutels worden geen back-ups gemaakt",
        IN_BACKUPS_UNTIL: "in back-ups tot en met ",
    },
    "en": {},
}


def said(signed: object, language: Language) -> str:
    """Return a value of a certificate in the words of a language; ids, instants and numbers as they are."""
    text = str(signed)
    for beginning, words in _SENTENCES[language].items():
        if text.startswith(beginning):
            return words + text.removeprefix(beginning)
    return _SAID[language].get(text, text)
