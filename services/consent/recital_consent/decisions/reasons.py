"""Why not, in plain words: every reason code of the rulebook with its rule and its text in Dutch and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a reason code says to a person."""

    text_nl: str
    text_en: str


EXPLANATIONS: Mapping[str, Explanation] = MappingProxyType(
    {
        "source_not_registered": Explanation(
            "Dit gesprek komt niet van een lijn, nummer of app die is aangemeld.",
            "This call does not come from a trunk, number or app that was registered.",
        ),
        "participant_missing": Explanation(
            "Van de eigen organisatie neemt niemand deel aan het gesprek.",
            "Nobody of the own organisation takes part in the call.",
        ),
        "staff_only": Explanation(
            "Gesprekken met alleen medewerkers worden niet opgenomen.", "Calls with staff only are not recorded."
        ),
        "marked_private": Explanation(
            "Het gesprek is als privé aangemerkt.",
            "The call was marked private.",
        ),
        "on_hold": Explanation("Het gesprek staat in de wacht.", "The call is on hold."),
        "paused": Explanation("De opname is gepauzeerd.", "Recording is paused."),
        "call_ended": Explanation("Het gesprek is afgelopen.", "The call has ended."),
        "notice_missing": Explanation(
            "Deze deelnemer is nog niet verteld dat er wordt opgenomen.",
            "This party has not been told yet that the call is recorded.",
        ),
        "purpose_not_named": Explanation(
            "In de mededeling aan deze deelnemer werd dit doel niet genoemd.",
            "The notice to this party did not name this purpose.",
        ),
        "staff_not_announced": Explanation(
            "Aan deze medewerker is dit doel niet vooraf bekendgemaakt.",
            "This purpose was not announced to this member of staff beforehand.",
        ),
        "not_sampled": Explanation(
            "Dit gesprek valt niet in de steekproef voor dit doel.",
            "This call was not drawn in the sample for this purpose.",
        ),
        "basis_expired": Explanation(
            "De belangenafweging onder dit doel had al herzien moeten zijn.",
            "The assessment under this purpose was due for review.",
        ),
        "consent_missing": Explanation(
            "Deze deelnemer heeft geen toestemming gegeven.", "This party has not given consent."
        ),
        "consent_refused": Explanation(
            "Deze deelnemer heeft toestemming geweigerd.",
            "This party has refused consent.",
        ),
        "consent_withdrawn": Explanation(
            "Deze deelnemer heeft de toestemming ingetrokken.", "This party has withdrawn consent."
        ),
        "objected": Explanation("Er is bezwaar gemaakt tegen dit doel.", "This purpose was objected to."),
        "retention_over": Explanation(
            "De bewaartermijn van dit doel is voor dit gesprek al voorbij.",
            "The retention of this purpose is already over for this call.",
        ),
        "recording_erased": Explanation(
            "De opname van dit gesprek is gewist en komt niet terug.",
            "The recording of this call was erased and does not come back.",
        ),
        "nothing_to_keep": Explanation(
            "Van dit geluid mag niets worden bewaard.", "Nothing of this audio may be kept."
        ),
    }
)
