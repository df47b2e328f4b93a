"""The rules themselves, R01 to R27, in plain Dutch and English. What follows from them in code is not told here."""

from collections.abc import Mapping
from types import MappingProxyType

from recital_rules.model import Rule

__all__ = ["RULES", "rule"]

_RULES = (
    Rule(
        id="R01",
        title="Only who takes part may record",
        source="Sr art. 139a, 139c; HR 2007, ECLI:NL:HR:2007:AZ4664",
        citable=True,
        text_nl="U mag een gesprek alleen opnemen zolang u of een medewerker er zelf aan deelneemt. "
        "Verlaat de laatste eigen deelnemer het gesprek, dan eindigt de opname op dat moment.",
        text_en="You may record a call only while you or one of your staff takes part in it. "
        "When the last of your own people leaves the call, the recording ends at that moment.",
        owner="consent",
    ),
    Rule(
        id="R02",
        title="No tapping, no covert recording",
        source="Sr art. 139c, 139d, 139e",
        citable=True,
        text_nl="U mag niet ongemerkt meeluisteren en niet voor een ander opnemen. "
        "Een gesprek komt daarom altijd van een lijn, nummer of app die u zelf heeft aangemeld.",
        text_en="You may not listen in unnoticed and may not record on somebody else's behalf. "
        "A call therefore always comes from a line, number or app that you registered yourself.",
        owner="consent",
    ),
    Rule(
        id="R03",
        title="Told before the recording starts",
        source="GDPR art. 5(1)(a), 12, 13(1)(c), 13(2)",
        citable=True,
        text_nl="Wie u opneemt, moet vooraf te horen krijgen dat u opneemt. "
        "Zolang één deelnemer dat nog niet volledig heeft gehoord, wordt niemand opgenomen.",
        text_en="Whoever you record must be told beforehand that you record. "
        "As long as one participant has not been told in full, nobody is recorded.",
        owner="consent",
    ),
    Rule(
        id="R04",
        title="Told for what purpose",
        source="GDPR art. 5(1)(b), 13(1)(c)",
        citable=True,
        text_nl="De mededeling noemt elk doel waarvoor u opneemt. "
        "Voor een doel dat niet is genoemd, mag de opname niet worden gebruikt.",
        text_en="The notice names every purpose you record for. "
        "The recording may not be used for a purpose that was not named.",
        owner="consent",
    ),
    Rule(
        id="R05",
        title="Used for that purpose only",
        source="GDPR art. 5(1)(b), 6(4)",
        citable=True,
        text_nl="Een opname dient alleen het doel waarvoor zij is gemaakt. "
        "Wie luistert, noemt dat doel, en het moet een doel zijn dat bij zijn of haar rol hoort.",
        text_en="A recording serves only the purpose it was made for. "
        "Whoever listens names that purpose, and it must be one that belongs to their role.",
        owner="ingest",
    ),
    Rule(
        id="R06",
        title="The other party may record too",
        source="GDPR art. 2(2)(c)",
        citable=True,
        text_nl="Een particulier die voor zichzelf opneemt, hoeft dat niet te melden. "
        "Krijgt u zo'n opname, dan blijft zichtbaar dat zij van een ander komt.",
        text_en="A private person who records for personal use need not say so. "
        "If you receive such a recording, it stays visible that it came from somebody else.",
        owner="ingest",
    ),
    Rule(
        id="R07",
        title="Voice and call data are personal data",
        source="GDPR art. 4(1), 9; UAVG art. 46",
        citable=False,
        text_nl="Het gesprek zelf en de gegevens eromheen, zoals naam, nummer en tijd, zijn persoonsgegevens. "
        "Niemand wordt aan zijn stem herkend, en bijzonder gevoelige delen kunnen worden afgeschermd.",
        text_en="The conversation and the data around it, such as name, number and time, are personal data. "
        "Nobody is identified by their voice, and especially sensitive parts can be masked.",
        owner="events",
    ),
    Rule(
        id="R08",
        title="A lawful basis for every purpose",
        source="GDPR art. 6(1), 7",
        citable=True,
        text_nl="Elk doel heeft een wettelijke grondslag, met het stuk dat haar onderbouwt, en die moet nog gelden. "
        "Is toestemming de grondslag, dan is zij nodig van iedereen die geen medewerker is, en mag zij altijd "
        "worden ingetrokken.",
        text_en="Every purpose has a lawful basis, with the document that supports it, and it must still be in force. "
        "Where the basis is consent, it is needed from everybody who is not staff, and may be withdrawn at any time.",
        owner="consent",
    ),
    Rule(
        id="R09",
        title="Not passed on",
        source="GDPR art. 5(1)(f), 28, 44",
        citable=True,
        text_nl="Een opname wordt niet gedeeld buiten haar doel. "
        "Er zijn geen deelbare links; wat naar buiten gaat, gaat verzegeld naar een ontvanger die is vastgelegd.",
        text_en="A recording is not shared outside its purpose. "
        "There are no links to pass on; what leaves, leaves sealed for a recipient who is on record.",
        owner="ingest",
    ),
    Rule(
        id="R10",
        title="Only those who need it",
        source="GDPR art. 5(1)(f), 25, 32",
        citable=True,
        text_nl="Alleen wie de opname voor zijn werk nodig heeft, mag haar horen. "
        "Elke keer dat iemand luistert, of dat wordt geweigerd, wordt vastgelegd voordat er iets te horen is.",
        text_en="Only those who need the recording for their work may hear it. "
        "Each time somebody listens, or is refused, it is logged before anything can be heard.",
        owner="ingest",
    ),
    Rule(
        id="R11",
        title="Not kept longer than needed",
        source="GDPR art. 5(1)(e), 13(2)(a), 25",
        citable=True,
        text_nl="Elk doel heeft een eigen bewaartermijn. Is die voorbij, dan vervalt het gebruik voor dat doel; "
        "is de laatste voorbij, dan verdwijnt de opname overal.",
        text_en="Every purpose has its own retention period. When it is over, use for that purpose ends; "
        "when the last one is over, the recording is destroyed everywhere.",
        owner="retention",
    ),
    Rule(
        id="R12",
        title="Access and a copy",
        source="GDPR art. 12, 15(1)-(4)",
        citable=True,
        text_nl="Wie is opgenomen, mag opvragen wat u over hem of haar heeft en krijgt daarvan een kopie, "
        "ook van het geluid. Alleen laten luisteren is niet genoeg.",
        text_en="Whoever was recorded may ask what you hold about them and receives a copy, of the audio too. "
        "Only letting them listen is not enough.",
        owner="dsar",
    ),
    Rule(
        id="R13",
        title="The rights of the others on the line",
        source="GDPR art. 15(4), recital 63; UAVG art. 41(1)(i)",
        citable=False,
        text_nl="Bij een kopie worden de stemmen van anderen zo nodig onhoorbaar gemaakt. "
        "Het geheel wordt niet geweigerd zolang een deel gegeven kan worden, en elke weglating heeft een reden.",
        text_en="In a copy the voices of others are muted where needed. "
        "The whole is not refused while a part can be given, and every omission has a reason.",
        owner="dsar",
    ),
    Rule(
        id="R14",
        title="Erasure on request",
        source="GDPR art. 12(4), 17(1), 17(3), 19",
        citable=True,
        text_nl="Wie is opgenomen, mag om verwijdering vragen. Per onderdeel wordt beslist; wat moet blijven, "
        "krijgt een genoemde grond, wordt beperkt, en wordt opnieuw bekeken als die grond vervalt.",
        text_en="Whoever was recorded may ask for erasure. It is decided item by item; what must stay has a stated "
        "ground, is restricted, and is looked at again when that ground ends.",
        owner="dsar",
    ),
    Rule(
        id="R15",
        title="Every copy counts",
        source="GDPR art. 5(2), 17, 30",
        citable=True,
        text_nl="Inzage en verwijdering gelden voor alles: het geluid, de gegevens eromheen en elke kopie. "
        "Iets is pas verwijderd als voor elke plek is aangetoond dat het er niet meer is.",
        text_en="Access and erasure cover everything: the audio, the data around it and every copy. "
        "A thing is erased only when for each place it is shown that it is no longer there.",
        owner="retention",
    ),
    Rule(
        id="R16",
        title="Answered in time",
        source="GDPR art. 12(3), 12(4), 12(6); Regulation 1182/71 art. 3",
        citable=True,
        text_nl="Een verzoek wordt zonder onnodige vertraging beantwoord, en uiterlijk binnen één maand. "
        "Is het ingewikkeld, dan mogen daar twee maanden bij, mits u dat binnen de eerste maand met reden laat weten.",
        text_en="A request is answered without undue delay, and at the latest within one month. "
        "If it is complex two months may be added, provided you say so with the reason within the first month.",
        owner="dsar",
    ),
    Rule(
        id="R17",
        title="Rectify, restrict, take along, object",
        source="GDPR art. 16, 18, 20, 21",
        citable=True,
        text_nl="Wie is opgenomen, mag laten corrigeren, laten beperken, gegevens meenemen en bezwaar maken. "
        "Na bezwaar tegen een gerechtvaardigd belang stopt dat gebruik meteen, tot er is afgewogen.",
        text_en="Whoever was recorded may have data corrected or restricted, take data along, and object. "
        "After an objection to a legitimate interest that use stops at once, until it has been weighed.",
        owner="dsar",
    ),
    Rule(
        id="R18",
        title="Private calls never",
        source="GDPR art. 88; ECHR art. 8; UAVG",
        citable=True,
        text_nl="Privégesprekken van medewerkers worden niet opgenomen. "
        "Blijkt achteraf dat een gesprek privé was, dan wordt het meteen vernietigd.",
        text_en="Private calls of staff are not recorded. "
        "If a call turns out afterwards to have been private, it is destroyed at once.",
        owner="consent",
    ),
    Rule(
        id="R19",
        title="Staff are not monitored all the time",
        source="GDPR art. 5(1)(c), 6(1)(f), 35",
        citable=True,
        text_nl="Meeluisteren om medewerkers te beoordelen of op te leiden mag bij uitzondering en steekproefsgewijs. "
        "Alles opnemen mag alleen als vooraf op schrift staat waarom dat nodig is.",
        text_en="Listening to assess or train staff is an exception and done by sample. "
        "Recording everything is allowed only if it was put in writing beforehand why that is necessary.",
        owner="consent",
    ),
    Rule(
        id="R20",
        title="Staff are told beforehand",
        source="GDPR art. 13, 35, 88; WOR art. 27(1)(k), 27(1)(l)",
        citable=True,
        text_nl="Medewerkers weten vooraf dat en waarvoor gesprekken worden opgenomen. "
        "De ondernemingsraad heeft ingestemd, of vastgelegd is dat er geen hoeft te zijn.",
        text_en="Staff know beforehand that calls are recorded, and for what. "
        "The works council has agreed, or it is on record that there need not be one.",
        owner="consent",
    ),
    Rule(
        id="R21",
        title="Evidence that can be checked",
        source="GDPR art. 6(1)(f), 17(3)(e); Rv; eIDAS art. 41(2)",
        citable=False,
        text_nl="Een opname die als bewijs wordt gegeven, is het origineel, met wat er sindsdien mee is gebeurd "
        "en hoe er vooraf is geïnformeerd. Een buitenstaander kan dat zonder ons controleren.",
        text_en="A recording given as evidence is the original, with what has happened to it since and how people "
        "were told beforehand. An outsider can check that without us.",
        owner="ingest",
    ),
    Rule(
        id="R22",
        title="The court decides",
        source="Rv; case law of the Hoge Raad",
        citable=False,
        text_nl="Wat een opname in een procedure waard is, bepaalt de rechter. "
        "Recital noemt alleen feiten: wie deelnam, wat vooraf is gezegd en op welke grondslag is opgenomen.",
        text_en="What a recording is worth in proceedings is for the court to decide. "
        "Recital states facts only: who took part, what was said beforehand and on what basis it was recorded.",
        owner="dsar",
    ),
    Rule(
        id="R23",
        title="The same rules for every source",
        source="",
        citable=False,
        text_nl="Of een opname nu van een telefooncentrale, een aanbieder of een app komt: dezelfde regels gelden, "
        "en zonder bewijs van de mededeling komt er niets binnen.",
        text_en="Whether a recording comes from a switchboard, a provider or an app, the same rules apply, "
        "and nothing comes in without proof of the notice.",
        owner="ingest",
    ),
    Rule(
        id="R24",
        title="Kept safe",
        source="GDPR art. 5(1)(f), 32",
        citable=True,
        text_nl="Opnamen worden versleuteld bewaard, met sleutels die apart liggen. "
        "Persoonsgegevens en geheimen staan niet in logboeken of berichten.",
        text_en="Recordings are kept encrypted, with the keys held apart. "
        "Personal data and secrets do not appear in logs or messages.",
        owner="vault",
    ),
    Rule(
        id="R25",
        title="Breaches are reported in time",
        source="GDPR art. 33, 34",
        citable=True,
        text_nl="Een datalek wordt binnen 72 uur na ontdekking gemeld bij de toezichthouder, tenzij niemand "
        "risico loopt; bij hoog risico ook aan de mensen die het raakt. Snel vast te stellen is wie dat zijn.",
        text_en="A data breach is reported to the authority within 72 hours of becoming aware of it, unless nobody "
        "is at risk, and where the risk is high also to the people it affects. Who they are can be found quickly.",
        owner="dsar",
    ),
    Rule(
        id="R26",
        title="Able to show it",
        source="GDPR art. 5(2), 24, 25, 28, 30, 35",
        citable=True,
        text_nl="U moet kunnen laten zien dat u zich aan de regels houdt. "
        "Het register volgt uit de instellingen die echt gelden, en elke wijziging daarvan blijft zichtbaar.",
        text_en="You must be able to show that you keep the rules. "
        "The register follows from the settings actually in force, and every change to them stays visible.",
        owner="consent",
    ),
    Rule(
        id="R27",
        title="No calls among staff",
        source="GDPR art. 88",
        citable=True,
        text_nl="Gesprekken met alleen medewerkers worden niet opgenomen, "
        "tenzij een uitzondering met einddatum het doel noemt.",
        text_en="Calls with staff only are not recorded, unless an exception with an end date names the purpose.",
        owner="consent",
    ),
)

RULES: Mapping[str, Rule] = MappingProxyType({one.id: one for one in _RULES})


def rule(rule_id: str) -> Rule:
    """The rule with this id, such as `R03`. Raises KeyError for an id that no rule has: that is a mistake in code."""
    return RULES[rule_id]
