"""Whoever is alarmed finds in the runbook what it means."""

import ast
import re
from pathlib import Path

# Where the kind of an alarm is chosen among several: what is said of each, by its kind.
CHOSEN_FROM = "_SAID"


def kinds_in(source: str) -> set[str]:
    """Every kind of alarm that a file raises."""
    kinds: list[ast.expr | None] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "alarm":
            kinds += node.args[1:2]
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            kinds += [key for target in node.targets if ast.unparse(target) == CHOSEN_FROM for key in node.value.keys]
    return {str(kind.value) for kind in kinds if isinstance(kind, ast.Constant)}


def test_every_alarm_is_in_the_runbook_and_nothing_else(root: Path) -> None:
    sources = [*root.glob("services/*/recital_*/**/*.py"), *root.glob("libs/*/recital_*/**/*.py")]
    raising = [text for text in (each.read_text() for each in sources) if "alarm(" in text]
    raised = set().union(*map(kinds_in, raising))
    rows = [line.split("|")[1] for line in (root / "docs" / "runbook.md").read_text().splitlines() if line[:1] == "|"]
    explained = {kind for row in rows for kind in re.findall(r"`([a-z_]+)`", row)}
    assert explained == raised
