import json
import stat
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from recital_identity import KeySet, Role, verify_access
from recital_testing import HouseError, eventually
from recital_testing.house import SERVICES, TABLE, Endpoints, House, Row
from recital_testing.house.environment import AUDIENCE, ISSUER, environment
from recital_testing.loopback import loopback_client
from recital_testing.waiting import together


async def readiness(house: House, service: str) -> str | None:
    async with loopback_client() as client:
        return (await house.service(service).health(client)).get("status")


async def test_all_four_services_are_ready(house: House) -> None:
    assert {service: await readiness(house, service) for service in SERVICES} == dict.fromkeys(SERVICES, "ready")


async def test_the_endpoints_name_every_address_and_only_we_may_read_them(house: House) -> None:
    tenant = await house.open_tenant("For the endpoints")
    house.write_endpoints()
    file = house.places.endpoints
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = json.loads(file.read_text())
    assert written["services"] == house.urls
    assert set(written["servers"]) == {"postgres", "nats", "objects", "mail"}
    tokens = next(each["tokens"] for each in written["tenants"] if each["id"] == str(tenant.id))
    assert {role: len(each) for role, each in tokens.items() if len(each) > 1} == {
        "privacy_officer": 2,
        "tenant_admin": 2,
    }
    assert set(tokens) == set(Role) - {Role.OPERATOR, Role.SUBJECT}
    assert Endpoints.read(file).tenants[tenant.id] == tokens


async def test_tokens_are_what_the_services_verify_and_two_people_of_a_role_differ(house: House) -> None:
    tenant = await house.open_tenant("For the tokens")
    keys = KeySet.from_jwks(json.loads(house.places.issuer_keys.read_text()))
    people = [
        verify_access(
            tenant.token(Role.PRIVACY_OFFICER, person=person),
            keys,
            issuer=ISSUER,
            audience=AUDIENCE,
            now=house.clock.now(),
        )
        for person in (1, 2)
    ]
    assert {person.tenant for person in people} == {tenant.id}
    assert {person.roles for person in people} == {frozenset({Role.PRIVACY_OFFICER})}
    assert len({person.subject for person in people}) == 2


@pytest.mark.parametrize("name", ["consent", "nats"])
async def test_what_was_killed_is_started_again_and_all_are_ready(house: House, name: str) -> None:
    await house.kill(name)
    assert house.running_rows()[name] is None
    await house.start_again(name)

    async def all_ready() -> bool:
        return all([await readiness(house, service) == "ready" for service in SERVICES])

    await eventually(all_ready, within=30)


async def test_the_clock_moves_in_every_service_and_tokens_stay_in_time(house: House) -> None:
    before = house.clock.now()
    target = await house.advance_clock("P1M")
    assert timedelta(days=27) < target - before < timedelta(days=32)
    async with loopback_client() as client:
        for service in SERVICES:
            said = await house.service(service).health(client, "/livez")
            assert datetime.fromisoformat(said["now"]) >= target
    assert house.clock.now() >= target
    assert (await house.operator("consent").get("/v1/tenants")).status_code == 200


@pytest.mark.parametrize(
    ("duration", "said"), [("P-1D", "only moves ahead"), ("6 months", "ISO 8601"), ("PX", "ISO 8601")]
)
async def test_the_clock_refuses_to_move_back_or_by_nonsense(house: House, duration: str, said: str) -> None:
    with pytest.raises(HouseError, match=said):
        await house.advance_clock(duration)


async def test_the_clock_does_not_move_outside_local_mode(tmp_path: Path) -> None:
    with pytest.raises(HouseError, match="local mode"):
        await House(tmp_path, local_mode=False).advance_clock("P1D")


async def test_a_house_in_use_is_not_started_twice(house: House) -> None:
    with pytest.raises(HouseError, match="already runs"):
        await House(house.places.folder).start()
    assert await readiness(house, "consent") == "ready"


async def test_a_service_says_that_it_is_configured_and_migrates_again_without_harm(house: House) -> None:
    await together(*(says_well(house, TABLE[-1], command) for command in ("check-config", "migrate")))


async def says_well(house: House, row: Row, command: str) -> None:
    owner = house.places.secrets_of(row.name).password_file("owner")
    told = {f"RECITAL_{row.name.upper()}_OWNER_PASSWORD_FILE": str(owner)}
    assert (await house.service(row.name).command(command, **told)).returncode == 0


def test_no_service_is_told_another_services_secrets_or_its_own_owners_password(house: House) -> None:
    for row in TABLE:
        told = environment(row, house.places, house.servers, house.ports, local_mode=True)
        others = [service for service in SERVICES if service != row.name]
        assert not [value for value in told.values() if any(f"/secrets/{other}/" in value for other in others)]
        assert not [value for value in told.values() if "owner" in value]


async def test_a_running_house_is_found_by_another_process(house: House) -> None:
    house.write_endpoints()
    found = House.running(house.places.folder)
    assert found.urls == house.urls
    assert found.running_rows() == house.running_rows()
    assert await found.read_clock() >= house.clock.now() - timedelta(seconds=5)
    assert (await found.operator("consent").get("/v1/tenants")).status_code == 200
    await found.close_clients()


def test_a_house_that_does_not_run_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(HouseError, match="does not run"):
        House.running(tmp_path)


async def test_a_start_that_fails_leaves_nothing_running(
    tmp_path: Path, processes_naming: Callable[[Path], list[str]]
) -> None:
    house = House(tmp_path / "house")
    house.servers.nats.process.command = [sys.executable, "-c", "raise SystemExit('no such stream')"]
    with pytest.raises(HouseError, match="no such stream"):
        await house.start()
    assert set(house.running_rows().values()) == {None}
    assert processes_naming(tmp_path) == []
