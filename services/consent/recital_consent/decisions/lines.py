"""Which lines a party may be calling on: a number in E.164, an extension of the tenant's own exchange (R18).

What an exchange sends as a number may be an extension; it is compared as both, so that no private line slips through.
"""

import re
from collections.abc import Sequence

from recital_consent.decisions.identifying import e164
from recital_consent.model.drafts import PartyDraft
from recital_consent.model.tenants import LineKind

_EXTENSION = re.compile(r"[0-9*#]{1,15}", re.ASCII)
_FILLING = re.compile(r"[\s().-]+")


def extension_of(text: str) -> str | None:
    """Return an extension without what people put between its signs, None for a text that is none."""
    bare = _FILLING.sub("", text)
    return bare if _EXTENSION.fullmatch(bare) else None


def lines_meant(party: PartyDraft, region: str) -> Sequence[tuple[LineKind, str]]:
    """Return every line that a party's number or extension may mean; numbers are read as dialled in `region`."""
    meant = []
    for text in (party.number, party.extension):
        if text is None:
            continue
        number, extension = e164(text, region), extension_of(text)
        if number is not None:
            meant.append((LineKind.NUMBER, number[0]))
        if extension is not None:
            meant.append((LineKind.EXTENSION, extension))
    return meant
