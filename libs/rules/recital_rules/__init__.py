"""The law as Recital keeps it, rule by rule: id, source, plain Dutch and English text, owner. Pure; decides nothing."""

from recital_rules.model import Owner, Rule
from recital_rules.rulebook import RULES, rule

__all__ = ["RULES", "Owner", "Rule", "rule"]
