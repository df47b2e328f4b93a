"""What a rule is. Which rules there are stands in rulebook; whether one is kept is decided by the room that owns it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Owner", "Rule"]

# The room to go to with a question about the rule; others may have to obey it too.
Owner: TypeAlias = Literal["consent", "ingest", "retention", "dsar", "events", "vault"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the law as Recital keeps it.

    `source` names the law behind it, empty where there is none. It may be shown as settled law only if `citable`;
    otherwise the rule is kept all the same, and only its text is shown (`citation` is None).
    """

    id: str
    title: str
    source: str
    citable: bool
    text_nl: str
    text_en: str
    owner: Owner

    @property
    def citation(self) -> str | None:
        """The source, if it may be shown."""
        return self.source if self.citable else None
