"""What deploy/ says is what the code is: the same services, settings that are read, edges that exist, walls."""

import copy
import itertools
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate  # type: ignore[import-untyped]  # has no types
import pytest
import yaml  # type: ignore[import-untyped]  # has no types
from pydantic_settings import BaseSettings
from recital_consent.settings import Settings as Consent
from recital_dsar.settings import Settings as Dsar
from recital_events import produced_by
from recital_ingest.settings import Settings as Ingest
from recital_retention.settings import RetentionSettings
from recital_runtime import ServiceSettings
from recital_testing.services import SERVICES, TABLE

Thing = dict[str, Any]
DEPLOY = Path(__file__).parents[2] / "deploy"
OVERLAYS = ("dev", "production")
KUBERNETES = "1.37.0"
SETTINGS: Mapping[str, type[ServiceSettings]] = {
    "consent": Consent,
    "ingest": Ingest,
    "retention": RetentionSettings,
    "dsar": Dsar,
}
STEPS = {"settings", "provision", "migrate", "serve"}
# What a process of ours may be told beside its settings: whose certificates it believes.
OF_THE_SYSTEM = {"SSL_CERT_FILE"}
STOPPING = 10  # seconds for loops and connections, after requests in hand


def read(file: Path) -> list[Thing]:
    return [each for each in yaml.load_all(file.read_text(), yaml.CSafeLoader) if each]


def merged(there: Any, change: Any) -> Any:
    """A strategic merge, as far as the overlays use it: lists are of things that have a name or a place to mount."""
    if isinstance(there, dict) and isinstance(change, dict):
        return there | {key: merged(there.get(key), value) for key, value in change.items()}
    if isinstance(there, list) and isinstance(change, list):
        key = "mountPath" if all("mountPath" in each for each in change) else "name"
        changes = {each[key]: each for each in change}
        kept = [merged(each, changes.pop(each[key], {})) for each in there]
        return kept + list(changes.values())
    return change


def rendered(folder: Path) -> list[Thing]:
    """What kustomize makes of a folder, as far as these folders use it."""
    (plan,) = read(folder / "kustomization.yaml")
    assert set(plan) <= {"apiVersion", "kind", "namespace", "resources", "patches", "replicas", "images"}
    things: dict[tuple[str, str], Thing] = {}
    for name in plan["resources"]:
        place = folder / name
        for each in rendered(place) if place.is_dir() else read(place):
            key = (each["kind"], each["metadata"]["name"])
            assert key not in things
            things[key] = copy.deepcopy(each)
    for patch in plan.get("patches", ()):
        for change in read(folder / patch["path"]):
            key = (change["kind"], change["metadata"]["name"])
            things[key] = merged(things[key], change)
    for each in plan.get("replicas", ()):
        things["Deployment", each["name"]]["spec"]["replicas"] = each["count"]
    return list(things.values())


BY_OVERLAY = {name: rendered(DEPLOY / "k8s" / "overlays" / name) for name in OVERLAYS}
COMPOSE: Thing = read(DEPLOY / "compose.yaml")[0]
EVERY = [(name, each) for name in OVERLAYS for each in BY_OVERLAY[name]]


def of_kind(overlay: str, kind: str) -> dict[str, Thing]:
    return {each["metadata"]["name"]: each for each in BY_OVERLAY[overlay] if each["kind"] == kind}


def pod_of(thing: Thing) -> Thing:
    spec = thing["spec"]["jobTemplate"]["spec"] if thing["kind"] == "CronJob" else thing["spec"]
    pod: Thing = spec["template"]
    return pod


PODS = [
    (overlay, each)
    for overlay, each in EVERY
    if each["kind"] in {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"}
]


def told(overlay: str, container: Thing) -> dict[str, str]:
    """A container's environment."""
    maps = of_kind(overlay, "ConfigMap")
    found: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        found |= maps[source["configMapRef"]["name"]]["data"]
    return found | {each["name"]: each["value"] for each in container.get("env", ()) if "value" in each}


def environments() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Where, which service and what it is told: services and migrations, in both overlays and in compose.yaml."""
    for overlay, thing in PODS:
        service = thing["metadata"]["name"].partition("-")[0]
        if service in SERVICES:
            (container,) = pod_of(thing)["spec"]["containers"]
            yield f"{overlay}/{thing['metadata']['name']}", service, told(overlay, container)
    for name, each in COMPOSE["services"].items():
        if name.removesuffix("-migrate") in SERVICES:
            yield f"compose/{name}", name.removesuffix("-migrate"), each["environment"]


ENVIRONMENTS = list(environments())


def test_what_is_deployed_is_the_process_table() -> None:
    for overlay in OVERLAYS:
        assert set(of_kind(overlay, "Deployment")) == set(SERVICES)
        assert {name for name in of_kind(overlay, "Service") if name in SERVICES} == set(SERVICES)
        assert set(of_kind(overlay, "PodDisruptionBudget")) == set(SERVICES)
        assert set(of_kind(overlay, "Job")) == {"provision", *(f"{service}-migrate" for service in SERVICES)}
        named = {f"{service}-{what}" for service in SERVICES for what in ("partitions", "restored")}
        assert set(of_kind(overlay, "CronJob")) == named
    ours = {name for name in COMPOSE["services"] if name not in {"postgresql", "nats", "objects", "provision"}}
    assert ours == {*SERVICES, *(f"{service}-migrate" for service in SERVICES)}


@pytest.mark.parametrize(("place", "service", "environment"), ENVIRONMENTS, ids=[each[0] for each in ENVIRONMENTS])
def test_every_name_is_read_by_the_settings_and_every_setting_needed_is_given(
    place: str, service: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = SETTINGS[service]
    prefix = f"RECITAL_{service}_".upper()
    known = {f"{prefix}{field}".upper() for field in kind.model_fields}
    assert set(environment) - OF_THE_SYSTEM <= known, place
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings: BaseSettings = kind()  # raises for what is missing
    given = settings.model_dump()
    assert not given["local_mode"]
    as_owner = place.endswith(("-migrate", "-partitions"))
    assert (given["owner_password_file"] is not None) == as_owner


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_migrations_run_as_the_owner_and_the_services_never_see_its_password(overlay: str) -> None:
    for service in SERVICES:
        serving = pod_of(of_kind(overlay, "Deployment")[service])["spec"]
        assert f"{service}-owner" not in {each.get("secret", {}).get("secretName") for each in serving["volumes"]}
        once, nightly = (
            of_kind(overlay, "Job")[f"{service}-migrate"],
            of_kind(overlay, "CronJob")[f"{service}-partitions"],
        )
        assert pod_of(once) == pod_of(nightly)
        (container,) = pod_of(once)["spec"]["containers"]
        assert container["args"] == ["migrate"]
        secrets = {each["secret"]["secretName"] for each in pod_of(once)["spec"]["volumes"] if "secret" in each}
        assert secrets == {f"{service}-owner"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_restore_is_said_by_a_person_and_once(overlay: str) -> None:
    for service in SERVICES:
        asked = of_kind(overlay, "CronJob")[f"{service}-restored"]["spec"]
        assert asked["suspend"] is True
        assert asked["jobTemplate"]["spec"]["backoffLimit"] == 0
        pod = asked["jobTemplate"]["spec"]["template"]["spec"]
        assert pod["restartPolicy"] == "Never"
        assert [each["args"] for each in pod["containers"]] == [["restored"]]


@pytest.mark.parametrize(
    ("overlay", "thing"), PODS, ids=[f"{overlay}-{each['kind']}-{each['metadata']['name']}" for overlay, each in PODS]
)
def test_every_container_has_the_least_there_is(overlay: str, thing: Thing) -> None:
    spec = pod_of(thing)["spec"]
    around = spec["securityContext"]
    assert spec["automountServiceAccountToken"] is False
    # Links would set RECITAL_... variables beside ours where a Service were called like that.
    assert spec["enableServiceLinks"] is False
    assert around["runAsNonRoot"] is True
    assert around["runAsUser"] > 0
    assert around["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not any(spec.get(each) for each in ("hostNetwork", "hostPID", "hostIPC"))
    for volume in spec["volumes"]:
        assert "hostPath" not in volume
        if "secret" in volume:
            assert volume["secret"]["defaultMode"] == 0o440  # a root key that all may read is refused
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert set(container["resources"]) == {"requests", "limits"}
        for mount in container["volumeMounts"]:
            assert mount.get("readOnly", False) == mount["mountPath"].startswith(("/secrets", "/configuration"))
    if thing["metadata"]["name"] in SERVICES:
        tmp = next(each for each in spec["volumes"] if each["name"] == "tmp")
        assert tmp["emptyDir"]["medium"] == "Memory"


@pytest.mark.parametrize("name", list(COMPOSE["services"]))
def test_every_container_of_compose_has_the_least_there_is(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    if name == "provision" or name.removesuffix("-migrate") in SERVICES:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["user"].startswith("${RECITAL_USER:?")
        assert "inside" in service["networks"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert all(volume.endswith(":ro") for volume in service.get("volumes", ()) if "/" in volume.split(":")[0])


def test_no_secret_is_written_down() -> None:
    assert not [each for _, each in EVERY if each["kind"] == "Secret"]
    words = ("PASSWORD", "SEED", "TOKEN", "SECRET", "KEY")
    for place, _, environment in ENVIRONMENTS:
        for name, value in environment.items():
            if any(word in name for word in words) and not name.endswith(
                ("_TOKEN_ISSUER", "_TRANSIT_KEY", "_BACKUP_DAYS")
            ):
                assert name.endswith(("_FILE", "_DIR")), (place, name)
                assert value.startswith("/secrets/"), (place, name)
    for overlay, thing in PODS:
        for container in pod_of(thing)["spec"]["containers"]:
            by_value = [each["name"] for each in container.get("env", ()) if "valueFrom" in each]
            # SeaweedFS, of the trial, takes them in no other way.
            assert not by_value or (overlay, container["name"]) == ("dev", "objects")


def images() -> Iterator[str]:
    for _, thing in PODS:
        yield from (each["image"] for each in pod_of(thing)["spec"]["containers"])
    yield from (each["image"] for each in COMPOSE["services"].values())
    (plan,) = read(DEPLOY / "k8s" / "overlays" / "production" / "kustomization.yaml")
    yield from (f"{each['newName']}:{each['newTag']}" for each in plan["images"])


def test_every_image_is_of_one_version() -> None:
    found = set(images())
    assert {each.rpartition("/")[2].split(":")[0] for each in found} >= {f"recital-{service}" for service in SERVICES}
    assert [
        each for each in found if each.rpartition(":")[2] in {"", "latest"} or ":" not in each.rpartition("/")[2]
    ] == []
    base = next(line for line in (DEPLOY / "Dockerfile").read_text().splitlines() if line.startswith("ARG PYTHON="))
    assert ":" in base
    assert "latest" not in base


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_service_is_asked_to_stop_as_it_stops_and_probed_by_what_it_serves(overlay: str) -> None:
    for service, thing in of_kind(overlay, "Deployment").items():
        spec = pod_of(thing)["spec"]
        (container,) = spec["containers"]
        waits = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        within = SETTINGS[service].model_fields["stop_within"].default
        assert spec["terminationGracePeriodSeconds"] >= waits + within + STOPPING
        paths = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
        assert paths == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}
        selector = thing["spec"]["selector"]["matchLabels"]
        assert of_kind(overlay, "Service")[service]["spec"]["selector"] == selector
        assert of_kind(overlay, "PodDisruptionBudget")[service]["spec"]["selector"]["matchLabels"] == selector
        assert {each["labelSelector"]["matchLabels"] == selector for each in spec["topologySpreadConstraints"]} == {
            True
        }
        assert thing["spec"]["replicas"] >= (2 if overlay == "production" else 1)


def test_the_four_differ_in_name_secrets_and_memory_alone() -> None:
    alike = []
    for service in SERVICES:
        texts = [
            (DEPLOY / "k8s" / "base" / service / f"{each}.yaml").read_text()
            for each in ("deployment", "service", "migrate")
        ]
        things = yaml.safe_load_all("\n---\n".join(texts).replace(service, "X").replace(service.upper(), "X"))
        found = list(things)
        found[0]["spec"]["template"]["spec"]["containers"][0].pop("resources")
        alike.append(found)
    assert all(each == alike[0] for each in alike)


def neighbours_in_code(service: str) -> set[str]:
    """Whom a service asks: what arrived of its events, and the keys of those whose tokens it is shown."""
    asked = {name for event in produced_by(service) for name in event.consumers}
    shown = {name for name in SERVICES for event in produced_by(name) if service in event.consumers}
    return (asked | shown) & set(SERVICES) - {service}


def peers(rule: list[Thing], key: str) -> set[tuple[str, int]]:
    """Who is on the other side of a policy's rules, with the port: `name` of a service or `@label` of a namespace."""
    found = set()
    for each, port in ((each, port) for part in rule for each in part[key] for port in part["ports"]):
        assert port["protocol"] == "TCP"
        if "podSelector" in each:
            (name,) = each["podSelector"]["matchLabels"].values()
        else:
            ((label, value),) = each["namespaceSelector"]["matchLabels"].items()
            assert value == "true"
            name = f"@{label.removeprefix('recital/')}"
        found.add((name, port["port"]))
    return found


@pytest.mark.parametrize(("overlay", "service"), list(itertools.product(OVERLAYS, SERVICES)))
def test_policies_open_exactly_the_edges_that_the_code_has(overlay: str, service: str) -> None:
    policies = of_kind(overlay, "NetworkPolicy")
    mine = [
        each["spec"]
        for each in policies.values()
        if each["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name") == service
    ]
    environment = told(overlay, pod_of(of_kind(overlay, "Deployment")[service])["spec"]["containers"][0])
    prefix = f"RECITAL_{service}_".upper()
    others = {
        name: urlsplit(environment[f"{prefix}{name.upper()}_URL"]).port or 0 for name in SERVICES if name != service
    }
    assert neighbours_in_code(service) == set(others)
    servers = {
        ("@postgresql", SETTINGS[service].model_fields["database_port"].default),
        *(("@nats", urlsplit(each).port) for each in environment[f"{prefix}BUS_URL"].split(",")),
        ("@objects", int(environment[f"{prefix}OBJECT_ENDPOINT"].rpartition(":")[2])),
    }
    if vault := environment.get(f"{prefix}TRANSIT_ADDRESS"):
        servers.add(("@vault", urlsplit(vault).port))
    if f"{prefix}SMTP_HOST" in environment:
        servers.add(("@mail", int(environment[f"{prefix}SMTP_PORT"])))
    out = set().union(*(peers(each.get("egress", []), "to") for each in mine))
    into = set().union(*(peers(each.get("ingress", []), "from") for each in mine))
    port = int(environment[f"{prefix}PORT"])
    assert out == set(others.items()) | servers
    assert into == {(name, port) for name in others} | {("@ingress", port), ("@monitoring", port)}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_whatever_no_policy_names_is_shut(overlay: str) -> None:
    policies = of_kind(overlay, "NetworkPolicy")
    assert policies["default-deny"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    preparing = {name: policies[name]["spec"] for name in ("migrations", "provisioning")}
    assert peers(preparing["migrations"]["egress"], "to") == {("@postgresql", 5432)}
    assert {name for name, _ in peers(preparing["provisioning"]["egress"], "to")} == {
        "@postgresql",
        "@nats",
        "@objects",
    }
    assert not any("ingress" in each for each in preparing.values())
    (names,) = policies["names"]["spec"]["egress"]
    assert {each["port"] for each in names["ports"]} == {53}
    of_services = {*SERVICES, "default-deny", "names", "migrations", "provisioning"}
    more = {
        "dev": {"postgresql", "nats", "objects"},
        "production": {*(f"{each}-to-vault" for each in SERVICES), "dsar-to-mail"},
    }
    assert set(policies) == of_services | more[overlay]


def test_every_object_is_valid_and_belongs_to_a_step() -> None:
    for overlay, thing in EVERY:
        # The trial's own: what it shares with production differs in values of its settings alone.
        if overlay == "production" or thing["kind"] in {"StatefulSet", "Namespace", "NetworkPolicy", "Service"}:
            kubernetes_validate.validate(thing, KUBERNETES, strict=True)
        assert thing["metadata"]["labels"]["recital/step"] in STEPS
        assert "namespace" not in thing["metadata"]


def test_the_dockerfile_passes_hadolint() -> None:
    program = Path(sys.executable).with_name("hadolint")
    found = subprocess.run([program, DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)  # noqa: S603 - our tool on our file
    assert found.returncode == 0, found.stdout


def test_what_each_service_signs_is_told_to_the_operator() -> None:
    text = (DEPLOY / "k8s" / "overlays" / "production" / "README.md").read_text()
    assert {use for row in TABLE for use in row.signs if f"`{use}.pem`" not in text} == set()
