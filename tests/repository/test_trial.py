"""The secrets of an installation are those that deploy/ mounts, and its trial's servers take what they are given."""

import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # has no types
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from recital_testing.services import SERVICES, TABLE

DEPLOY = Path(__file__).parents[2] / "deploy"
OVERLAY = DEPLOY / "k8s" / "overlays" / "dev"
BIN = Path(sys.executable).parent
# What only production has in a service's Secret, and what only the trial has.
OF_PRODUCTION, OF_TRIAL = {"transit.token", "smtp.password"}, {"root.key"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trial")
    command: list[str | Path] = [BIN / "python", DEPLOY / "make_secrets.py", "make", folder, "--trying"]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own program
    return folder


def things(file: Path) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(file.read_text()) if each]


def test_every_secret_is_its_makers_alone(made: Path) -> None:
    files = [each for each in made.rglob("*") if each.is_file()]
    assert {each.stat().st_mode & 0o777 for each in files} == {0o600}
    assert {each.stat().st_mode & 0o777 for each in made.rglob("*") if each.is_dir()} == {0o700}
    texts = [each.read_bytes() for each in files if each.suffix in {".password", ".key", ".seed", ".pem", ".jwt"}]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_secrets_are_the_files_that_its_settings_name(service: str, made: Path) -> None:
    named = {
        value.removeprefix("/secrets/own/")
        for file in (DEPLOY / "k8s" / "base" / service / "settings.yaml", *DEPLOY.glob("k8s/overlays/*/settings.yaml"))
        for each in things(file)
        if each["metadata"]["name"] == f"{service}-settings"
        for value in each["data"].values()
        if value.startswith("/secrets/own/")
    }
    assert {each.name for each in (made / service).iterdir()} == named - OF_PRODUCTION
    assert named - OF_PRODUCTION >= OF_TRIAL
    signs = next(row.signs for row in TABLE if row.name == service)
    assert {each.name for each in (made / f"{service}-signing").iterdir()} == {f"{use}.pem" for use in signs}
    assert [each.name for each in (made / f"{service}-owner").iterdir()] == ["owner.password"]


def test_nats_takes_its_configuration_and_the_users_that_were_made(made: Path, tmp_path: Path) -> None:
    (mapped,) = (each for each in things(OVERLAY / "nats.yaml") if each["kind"] == "ConfigMap")
    text = (DEPLOY / "nats.conf").read_text()
    assert mapped["data"]["nats.conf"] == text
    assert "sync_interval: always" in text
    (tmp_path / "nats.conf").write_text(text.replace("/data/jetstream", str(tmp_path / "jetstream")))
    (tmp_path / "users.conf").write_text((made / "nats" / "users.conf").read_text())
    command: list[str | Path] = [BIN / "nats-server", "-t", "-c", tmp_path / "nats.conf"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - only reads its file
    assert found.returncode == 0, found.stderr


def test_both_trials_start_their_servers_alike() -> None:
    compose = things(DEPLOY / "compose.yaml")[0]["services"]
    for name in ("postgresql", "objects"):
        (placed,) = (each for each in things(OVERLAY / f"{name}.yaml") if each["kind"] == "StatefulSet")
        (container,) = placed["spec"]["template"]["spec"]["containers"]
        asked = [each for each in compose[name]["command"] if each != "postgres"]
        assert asked == container["args"]
        assert compose[name]["image"] == container["image"]


def test_seaweedfs_is_told_every_key_without_which_it_is_open(made: Path) -> None:
    (placed,) = (each for each in things(OVERLAY / "objects.yaml") if each["kind"] == "StatefulSet")
    (container,) = placed["spec"]["template"]["spec"]["containers"]
    by_secret = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in container["env"] if "valueFrom" in each}
    in_file = dict(line.split("=", 1) for line in (made / "objects.env").read_text().splitlines())
    assert {name: (made / each["name"] / each["key"]).read_text() for name, each in by_secret.items()} == in_file
    assert len([name for name in in_file if name.startswith("WEED_JWT_")]) == 4


@pytest.mark.parametrize("service", SERVICES)
def test_the_lock_has_every_package_that_goes_into_an_image(service: str, root: Path) -> None:
    lock = (root / "requirements.lock").read_text()
    locked = {line.split("==")[0].split("[")[0] for line in lock.splitlines() if "==" in line and line[0].isalnum()}
    waiting, seen = [Requirement(f"recital-{service}"), Requirement("recital-vault[transit]")], set[tuple[str, str]]()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        for extra in ("", *wanted.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            needed = map(Requirement, requires(name) or ())
            waiting += [each for each in needed if each.marker is None or each.marker.evaluate({"extra": extra})]
    outside = {name for name, _ in seen if not name.startswith("recital-")}
    assert len(outside) > 40
    assert outside - locked == set()
