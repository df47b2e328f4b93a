"""The letter that tells what was decided: what was done, with certificates, and what is kept, with its ground (R14)."""

from collections.abc import Sequence
from typing import Any

from recital_database import Transaction

from recital_dsar.actions.entries import opened_details
from recital_dsar.actions.letters import write_letter
from recital_dsar.actions.means import Means
from recital_dsar.actions.wording import EFFECTS, HELD_BACK, THINGS
from recital_dsar.decisions.letters import LetterKind
from recital_dsar.decisions.measures import Measure, MeasureState, Taken
from recital_dsar.model import Decision, Request
from recital_dsar.store.entries import sealed_details
from recital_dsar.store.items import Selection, items_of
from recital_dsar.store.measures import wordings_of

WORDING = b"measures.wording"


async def write_decision(tx: Transaction, means: Means, found: Request, taken: Sequence[Taken]) -> None:
    """Write the letter about a request's measures."""
    sealed = await wordings_of(tx, found.id)
    words = {
        id_: (await means.vault.open_small(tx.tenant, found.file_key, each, WORDING)).decode()
        for id_, each in sealed.items()
    }
    done = [_done(found, each) for each in taken if _is_done(each)]
    kept = [_kept(found, each, words.get(each.id)) for each in taken if not _is_done(each)]
    kept += await _withheld(tx, means, found)
    await write_letter(tx, means, found, LetterKind.DECISION, facts={"done": done, "kept": kept})


def _is_done(taken: Taken) -> bool:
    return taken.state is MeasureState.DONE and taken.measure is not Measure.KEEP


def _done(found: Request, taken: Taken) -> dict[str, Any]:
    return {
        "what": THINGS[found.language].get(taken.kind, taken.kind),
        "effect": EFFECTS[found.language][taken.measure],
        "ground": taken.ground,
        "certificate": None if taken.certificate is None else str(taken.certificate),
    }


def _kept(found: Request, taken: Taken, words: str | None) -> dict[str, Any]:
    ground = f"{'AVG' if found.language == 'nl' else 'GDPR'} art. {taken.ground}"
    if taken.state is MeasureState.HELD_BACK:
        held_back_by = taken.held_back_by or "still_needed"
        ground = HELD_BACK[found.language].get(held_back_by, held_back_by)
    return {
        "what": THINGS[found.language].get(taken.kind, taken.kind),
        "ground": ground,
        "explanation": words,
        "restricted": taken.restricted,
    }


async def _withheld(tx: Transaction, means: Means, found: Request) -> list[dict[str, Any]]:
    """What was asked and not done, item by item, each ground once."""
    items = await items_of(tx, found.id, Selection(decided=Decision.WITHHOLD))
    entries = sorted({each.entry for each in items if each.entry is not None})
    said = {
        entry: (await opened_details(tx, means.vault, found, details)).get("ground")
        for entry, details in (await sealed_details(tx, entries)).items()
    }
    told = {(each.kind, said.get(each.entry) if each.entry else None) for each in items}
    return [
        {
            "what": THINGS[found.language].get(kind, kind),
            "ground": ground or "",
            "explanation": None,
            "restricted": False,
        }
        for kind, ground in sorted(told, key=str)
    ]
