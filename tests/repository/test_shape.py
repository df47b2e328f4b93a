"""The house has the same rooms everywhere, and nothing outgrows its room."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from recital_testing.services import TABLE

ROOT = Path(__file__).parents[2]
SERVICES = sorted(each for each in (ROOT / "services").iterdir() if (each / "pyproject.toml").exists())
LIBS = sorted(each for each in (ROOT / "libs").iterdir() if (each / "pyproject.toml").exists())
ROOMS = ("__main__", "wiring", "settings", "api", "consumers", "actions", "store", "decisions", "model")
FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "core", "base", "misc", "shared", "manager"}
CODE = sorted(
    each
    for top in ("services", "libs", "dev", "bench", "demo", "tests")
    for each in (ROOT / top).rglob("*.py")
    if "__pycache__" not in each.parts
)
# Tests are named as sentences and may set a long scene.
SHIPPED = [each for each in CODE if "tests" not in each.parts]


def package_of(distribution: Path) -> Path:
    return distribution / f"recital_{distribution.name}"


def test_there_are_four_services() -> None:
    assert [each.name for each in SERVICES] == ["consent", "dsar", "ingest", "retention"]


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
def test_every_service_has_the_same_rooms(service: Path) -> None:
    package = package_of(service)
    missing = [
        room
        for room in ROOMS
        if not (package / f"{room}.py").exists() and not (package / room / "__init__.py").exists()
    ]
    assert missing == []
    assert list((package / "migrations" / "versions").glob("0001_*.py"))


def test_every_service_has_a_row_in_the_process_table() -> None:
    assert sorted(row.name for row in TABLE) == [each.name for each in SERVICES]


@pytest.mark.parametrize("distribution", [*SERVICES, *LIBS], ids=lambda each: each.name)
def test_every_distribution_says_what_it_is_and_has_tests(distribution: Path) -> None:
    readme = (distribution / "README.md").read_text()
    assert distribution.name in readme.splitlines()[0].lower()
    assert len(readme.splitlines()) <= 100
    assert list((distribution / "tests").rglob("test_*.py"))


def test_no_module_has_a_name_that_says_nothing() -> None:
    found = [each for each in CODE if {each.stem, *each.relative_to(ROOT).parts[:-1]} & FORBIDDEN]
    assert found == []


@pytest.mark.parametrize("limit", [400])
def test_no_file_is_longer_than_one_can_hold_in_mind(limit: int) -> None:
    long = {
        str(each.relative_to(ROOT)): lines for each in CODE if (lines := len(each.read_text().splitlines())) > limit
    }
    assert long == {}


def test_no_function_is_longer_than_sixty_lines() -> None:
    long = []
    for file in SHIPPED:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > 60:
                    long.append(f"{file.relative_to(ROOT)}:{node.name} ({lines})")
    assert long == []


def test_every_module_opens_with_what_it_does() -> None:
    silent = [
        str(each.relative_to(ROOT))
        for each in SHIPPED
        if "versions" not in each.parts
        and each.read_text().strip()
        and ast.get_docstring(ast.parse(each.read_text())) is None
    ]
    assert silent == []


def test_every_distribution_is_known_to_import_linter(settings: dict[str, Any]) -> None:
    packages = {package_of(each).name for each in (*SERVICES, *LIBS)}
    assert set(settings["tool"]["importlinter"]["root_packages"]) == packages


def test_every_services_decisions_are_known_to_coverage(settings: dict[str, Any]) -> None:
    decisions = {str((package_of(each) / "decisions").relative_to(ROOT)) for each in SERVICES}
    assert set(settings["tool"]["coverage"]["run"]["source"]) == decisions


def test_every_lib_has_two_users() -> None:
    used: dict[str, set[str]] = {each.name: set() for each in LIBS}
    for user in (*SERVICES, *LIBS, ROOT / "dev", ROOT / "demo"):
        for file in SHIPPED:
            if user not in file.parents:
                continue
            for name in re.findall(r"^\s*(?:from|import) recital_(\w+)", file.read_text(), re.MULTILINE):
                if name in used and name != user.name:
                    used[name].add(user.name)
    assert {name: users for name, users in used.items() if len(users) < 2} == {}
    # It starts servers: never shipped, so nothing that is shipped may need it.
    assert used["testing"] <= {"dev", "demo"}
