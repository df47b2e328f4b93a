"""Whoever is alarmed finds in the runbook what it means."""

import ast
import re
from pathlib import Path

from recital_dsar.actions.watching import _SAID as WATCHED


def kinds_in(source: str) -> set[str]:
    """Every kind of alarm that a file raises by its name."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and len(node.args) > 1]
    raising = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "alarm"]
    kinds = [call.args[1] for call in raising]
    return {str(kind.value) for kind in kinds if isinstance(kind, ast.Constant)}


def test_every_alarm_is_in_the_runbook_and_nothing_else(root: Path) -> None:
    sources = [*root.glob("services/*/recital_*/**/*.py"), *root.glob("libs/*/recital_*/**/*.py")]
    raised = set().union(*(kinds_in(each.read_text()) for each in sources)) | set(WATCHED)
    rows = [line.split("|")[1] for line in (root / "docs" / "runbook.md").read_text().splitlines() if line[:1] == "|"]
    explained = {kind for row in rows for kind in re.findall(r"`([a-z_]+)`", row)}
    assert explained == raised
