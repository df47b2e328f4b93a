"""The words of letters: what was asked, which things, which grounds, in Dutch and English.

Facts only: what a recording is worth in court is not ours to say (R22).
"""

from recital_dsar.decisions.measures import Measure
from recital_dsar.model import RequestKind

KINDS = {
    "nl": {
        RequestKind.ACCESS: "inzage in uw gegevens",
        RequestKind.ERASURE: "wissing van uw gegevens",
        RequestKind.RESTRICTION: "beperking van het gebruik van uw gegevens",
        RequestKind.RECTIFICATION: "verbetering van uw gegevens",
        RequestKind.PORTABILITY: "overdracht van uw gegevens",
        RequestKind.OBJECTION: "bezwaar tegen het gebruik van uw gegevens",
    },
    "en": {
        RequestKind.ACCESS: "access to your data",
        RequestKind.ERASURE: "erasure of your data",
        RequestKind.RESTRICTION: "restriction of the use of your data",
        RequestKind.RECTIFICATION: "correction of your data",
        RequestKind.PORTABILITY: "portability of your data",
        RequestKind.OBJECTION: "objection to the use of your data",
    },
}
THINGS = {
    "nl": {
        "recording": "een gespreksopname",
        "call": "het verslag van een gesprek",
        "identity": "uw naam, nummers en adressen",
        "package": "een eerder gemaakte kopie",
        "collection": "een eerder gemaakt overzicht",
        "bundle": "een bewijsbundel",
        None: "het gebruik van uw gegevens",
    },
    "en": {
        "recording": "a recording of a call",
        "call": "the record of a call",
        "identity": "your name, numbers and addresses",
        "package": "a copy made earlier",
        "collection": "an overview made earlier",
        "bundle": "a bundle of evidence",
        None: "the use of your data",
    },
}
EFFECTS = {
    "nl": {
        Measure.ERASE: "gewist",
        Measure.RESTRICT: "wordt alleen nog bewaard",
        Measure.RECTIFY: "uw verbetering staat erbij",
        Measure.OBJECTION: "is gestopt",
    },
    "en": {
        Measure.ERASE: "erased",
        Measure.RESTRICT: "is only kept from now on",
        Measure.RECTIFY: "your correction stands beside it",
        Measure.OBJECTION: "has stopped",
    },
}
GROUNDS = {
    "nl": {
        "unfounded": "het verzoek is kennelijk ongegrond.",
        "excessive": "het verzoek is buitensporig.",
        "repeats_open_request": "u hebt dit al eerder gevraagd, en dat verzoek behandelen wij.",
        "not_identified": "wij kunnen niet vaststellen dat u het bent die dit vraagt.",
        "withdrawn": "u hebt het verzoek ingetrokken.",
        "basis_not_portable": "wij gebruiken deze gegevens niet op grond van toestemming of een overeenkomst.",
        "no_restriction_ground": "geen van de gevallen waarin u beperking kunt vragen, doet zich voor.",
        "data_correct": "de gegevens zijn juist.",
        "not_collected": "het zoeken in al onze systemen is nog niet klaar.",
    },
    "en": {
        "unfounded": "the request is manifestly unfounded.",
        "excessive": "the request is excessive.",
        "repeats_open_request": "you asked this before, and we are dealing with that request.",
        "not_identified": "we cannot tell that it is you who asks.",
        "withdrawn": "you withdrew the request.",
        "basis_not_portable": "we do not use this data on the ground of consent or a contract.",
        "no_restriction_ground": "none of the cases applies in which restriction can be asked.",
        "data_correct": "the data is correct.",
        "not_collected": "the search in all our systems is not complete.",
    },
}
HELD_BACK = {
    "nl": {
        "legal_hold": "wij hebben dit nodig voor een rechtsvordering (AVG art. 17 lid 3 onder e)",
        "legal_obligation": "wij moeten dit van de wet bewaren (AVG art. 17 lid 3 onder b)",
        "still_needed": "dit hoort bij iets dat nog niet gewist is, en wordt daarna gewist",
        "request_open": "een ander verzoek van u loopt nog; daarna wordt dit gewist",
        "restricted": "het gebruik hiervan is beperkt; zodra dat voorbij is, wordt dit gewist",
        "accountability": "wij moeten kunnen laten zien hoe wij met uw verzoek zijn omgegaan (AVG art. 5 lid 2)",
    },
    "en": {
        "legal_hold": "we need this for a legal claim (GDPR art. 17(3)(e))",
        "legal_obligation": "the law obliges us to keep this (GDPR art. 17(3)(b))",
        "still_needed": "this belongs to something that is not erased yet, and is erased after it",
        "request_open": "another request of yours is open; after it this is erased",
        "restricted": "the use of this is restricted; as soon as that is over it is erased",
        "accountability": "we must be able to show how we dealt with your request (GDPR art. 5(2))",
    },
}
"""What is told of an erasure that retention holds back, by its ground."""
