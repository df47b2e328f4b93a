"""The trial as deploy/ describes it, run as processes: no container, but its secrets, settings, commands and order."""

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]  # has no types
from recital_testing.files import private_folder
from recital_testing.loopback import loopback_client
from recital_testing.ports import LOOPBACK, choose_ports
from recital_testing.processes import Process, surroundings
from recital_testing.servers import Postgres
from recital_testing.services import SERVICES
from recital_testing.waiting import eventually

DEPLOY = Path(__file__).parents[2] / "deploy"
BIN = Path(sys.executable).parent
BASE, OVERLAY = DEPLOY / "k8s" / "base", DEPLOY / "k8s" / "overlays" / "dev"
# What would stand on addresses of its own in a pod: SeaweedFS's inner ports.
INNER = [f"{part}.port{grpc}" for part in ("master", "volume", "filer") for grpc in ("", ".grpc")] + ["s3.port.grpc"]
TENANT = {
    "name": "First", "country": "NL", "time_zone": "Europe/Amsterdam", "languages": ["nl", "en"], "number_region": "NL",
}  # fmt: skip


def things(file: Path) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(file.read_text()) if each]


def settings_of(name: str, base: Path) -> dict[str, str]:
    """The data of a ConfigMap, with what the overlay changes."""
    found: dict[str, str] = {}
    for each in (*things(base), *things(OVERLAY / "settings.yaml")):
        if each["kind"] == "ConfigMap" and each["metadata"]["name"] == name:
            found |= each["data"]
    return found


def container_of(file: Path, kind: str) -> dict[str, Any]:
    (thing,) = (each for each in things(file) if each["kind"] == kind)
    (container,) = thing["spec"]["template"]["spec"]["containers"]
    found: dict[str, Any] = container
    return found


@dataclass
class Trial:
    folder: Path
    postgres: Postgres
    ports: dict[str, int] = field(default_factory=lambda: choose_ports([*SERVICES, "nats", "objects", *INNER]))
    processes: list[Process] = field(default_factory=list)

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    def here(self, value: str, service: str = "") -> str:
        """A value as it is on this machine: files in the folder, servers and neighbours on loopback."""
        for place, folder in (("own", service), ("signing", f"{service}-signing"), ("owner", f"{service}-owner")):
            value = re.sub(rf"^/secrets/{place}(?=/|$)", str(self.secrets / folder), value)
        value = re.sub(r"^/secrets(?=/|$)", str(self.secrets), value)
        value = value.replace("nats:4222", f"{LOOPBACK}:{self.ports['nats']}")
        value = value.replace("objects:9000", f"{LOOPBACK}:{self.ports['objects']}")
        for name in SERVICES:
            value = value.replace(f"http://{name}:8080", self.url(name))
        return {"postgresql": self.postgres.host, "0.0.0.0": LOOPBACK, "8080": str(self.ports.get(service))}.get(  # noqa: S104 - replaced
            value, value
        )

    def url(self, service: str) -> str:
        return f"http://{LOOPBACK}:{self.ports[service]}"

    def told(self, container: dict[str, Any], data: dict[str, str], service: str = "") -> dict[str, str]:
        given = data | {each["name"]: each["value"] for each in container.get("env", ())}
        return {name: self.here(value, service) for name, value in given.items()}

    def start(self, name: str, command: list[str | Path], environment: dict[str, str]) -> Process:
        process = Process(name, self.folder, command, environment)
        process.start(guarded=True)
        self.processes.append(process)
        return process

    def run(self, *command: str | Path, environment: dict[str, str]) -> str:
        done = subprocess.run(  # noqa: S603 - our own programs
            command, env=surroundings(environment), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    running = Trial(tmp_path, Postgres.in_folder(private_folder(tmp_path / "postgres")))
    await running.postgres.start()
    yield running
    for process in reversed(running.processes):
        await process.stop(within=60)
    await running.postgres.stop()


def start_nats(trial: Trial) -> None:
    folder = private_folder(trial.folder / "nats")
    text = (DEPLOY / "nats.conf").read_text().replace("0.0.0.0:4222", f"{LOOPBACK}:{trial.ports['nats']}")
    (folder / "nats.conf").write_text(text.replace("/data/jetstream", str(folder / "jetstream")))
    (folder / "users.conf").write_text((trial.secrets / "nats" / "users.conf").read_text())
    trial.start("nats", [BIN / "nats-server", "-c", folder / "nats.conf"], {})


def start_objects(trial: Trial) -> None:
    container, data = container_of(OVERLAY / "objects.yaml", "StatefulSet"), private_folder(trial.folder / "objects")
    environment = {}
    for each in container["env"]:
        secret = each.get("valueFrom", {}).get("secretKeyRef")
        environment[each["name"]] = (
            (trial.secrets / secret["name"] / secret["key"]).read_text() if secret else each["value"]
        )
    replaced = {"-dir=/data": f"-dir={data}", "-s3.ip.bind=0.0.0.0": f"-s3.ip.bind={LOOPBACK}"}
    replaced["-s3.port=9000"] = f"-s3.port={trial.ports['objects']}"
    asked = [replaced.get(each, each).replace("/secrets", str(trial.secrets)) for each in container["args"]]
    inner = [f"-{name}={trial.ports[name]}" for name in INNER]
    trial.start("objects", [BIN / "weed", *asked, *inner], environment)


async def provisioned(trial: Trial) -> None:
    container = container_of(BASE / "provision.yaml", "Job")
    environment = trial.told(container, settings_of("provision-settings", BASE / "provision.yaml"))
    command: list[str | Path] = [BIN / "python", DEPLOY / "provision.py", *container["args"]]

    async def made() -> bool:
        done = subprocess.run(command, env=surroundings(environment), check=False)  # noqa: S603, ASYNC221 - one thing at a time
        return done.returncode == 0

    # As the job does, which is started again until the servers answer; and it may run over what is there.
    await eventually(made, within=60)
    assert await made()


async def is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        answer = await client.get(f"{url}/readyz")
    except httpx.TransportError:
        return False
    return bool(answer.json().get("status") == "ready")


@pytest.mark.campaign
async def test_the_trial_comes_up_from_nothing_and_opens_a_tenant(trial: Trial) -> None:
    python = BIN / "python"
    trial.run(python, DEPLOY / "make_secrets.py", "make", trial.secrets, "--trying", environment={})
    password = (trial.postgres.folder / "superuser.password").read_text()
    (trial.secrets / "provisioner" / "postgres.password").write_text(password)
    start_nats(trial)
    start_objects(trial)
    await provisioned(trial)
    for service in SERVICES:
        data = settings_of(f"{service}-settings", BASE / service / "settings.yaml")
        migrating = container_of(BASE / service / "migrate.yaml", "Job")
        environment = trial.told(migrating, data, service)
        trial.run(python, "-m", f"recital_{service}", *migrating["args"], environment=environment)
        serving = container_of(BASE / service / "deployment.yaml", "Deployment")
        trial.start(service, [python, "-m", f"recital_{service}", *serving["args"]], trial.told(serving, data, service))
    async with loopback_client() as client:
        for process, service in zip(trial.processes[-len(SERVICES) :], SERVICES, strict=True):
            await process.until(partial(is_ready, client, trial.url(service)), within=90)
        consent = trial.url("consent")
        command: list[str | Path] = [
            python,
            DEPLOY / "make_secrets.py",
            "token",
            trial.secrets,
            "operator",
            "--consent",
            consent,
        ]
        token = trial.run(*command, environment={"PATH": os.defpath})
        headers = {"Authorization": f"Bearer {token}"}
        opened = await client.post(f"{consent}/v1/tenants", json=TENANT, headers=headers)
    assert opened.status_code == 201, opened.text
