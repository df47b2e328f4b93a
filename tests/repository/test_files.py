"""What must never be in the repository, and what must be."""

import re
from pathlib import Path

# Assembled, so that this file does not find itself.
HOSTS = re.compile(
    "|".join(
        (
            "py" + r"pi\.org",
            "python" + r"hosted\.org",
            "registry" + r"\.npmjs",
            "crates" + r"\.io",
            "proxy" + r"\.golang",
        )
    )
)
MACHINE_PATHS = re.compile("/" + r"work/|/" + r"root/|/home/[a-z]")
SECRETS = re.compile("-----BEGIN " + r"[A-Z ]*PRIVATE KEY-----|SU[A-Z2-7]{56}")
BINARY = {".wav", ".png", ".opus", ".flac", ".mp3", ".m4a"}


def texts(tracked: list[Path]) -> list[tuple[Path, str]]:
    return [
        (each, each.read_text(errors="replace"))
        for each in tracked
        if each.suffix not in BINARY and each.name != "LICENSE"
    ]


def test_no_lock_or_document_names_a_package_host(tracked: list[Path]) -> None:
    assert [str(each) for each, text in texts(tracked) if HOSTS.search(text)] == []
    assert not any(each.name == "uv.lock" for each in tracked)


def test_every_package_in_the_lock_has_a_hash(root: Path) -> None:
    lines = (root / "requirements.lock").read_text()
    packages = re.findall(r"^[a-z0-9][\w.\-\[\]]*==", lines, re.MULTILINE)
    blocks = re.split(r"^(?=[a-z0-9][\w.\-\[\]]*==)", lines, flags=re.MULTILINE)[1:]
    assert len(packages) > 50
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_no_secret_and_no_path_of_one_machine(tracked: list[Path]) -> None:
    assert [str(each) for each, text in texts(tracked) if SECRETS.search(text)] == []
    assert [str(each) for each, text in texts(tracked) if MACHINE_PATHS.search(text)] == []


def test_nothing_large_is_committed(tracked: list[Path]) -> None:
    assert {str(each): each.stat().st_size for each in tracked if each.stat().st_size > 600_000} == {}


def test_to_do_is_an_issue_number_or_nothing(tracked: list[Path]) -> None:
    word = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b(?!\(#\d+\))")
    assert [str(each) for each, text in texts(tracked) if each.suffix == ".py" and word.search(text)] == []


def test_the_documents_a_stranger_looks_for_are_there(root: Path) -> None:
    wanted = (
        "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "docs/architecture.md",
        "docs/glossary.md", "docs/events.md", "docs/asyncapi.json", "docs/decisions", "docs/lawful-rules.md",
    )  # fmt: skip
    assert [each for each in wanted if not (root / each).exists()] == []


def test_links_between_documents_lead_somewhere(tracked: list[Path], root: Path) -> None:
    link = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
    broken = [
        f"{each.relative_to(root)}: {target}"
        for each in tracked
        if each.suffix == ".md"
        for target in link.findall(each.read_text())
        if not (each.parent / target).exists()
    ]
    assert broken == []
