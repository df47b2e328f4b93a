import stat
from pathlib import Path

from recital_testing.files import private_folder, secret_file
from recital_testing.service_secrets import ServiceSecrets


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_secret_file_and_its_folder_are_for_us_alone(tmp_path: Path) -> None:
    file = secret_file(tmp_path / "secrets" / "a.password", "first")
    assert mode(file) == 0o600
    assert mode(file.parent) == 0o700
    secret_file(file, b"second")
    assert file.read_bytes() == b"second"
    assert list(file.parent.iterdir()) == [file]


def test_a_folder_that_was_open_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    assert mode(private_folder(folder)) == 0o700


def test_secrets_are_made_once_and_differ_between_services(tmp_path: Path) -> None:
    consent, ingest = ServiceSecrets.of(tmp_path, "consent"), ServiceSecrets.of(tmp_path, "ingest")
    assert consent.passwords() == consent.passwords()
    assert len({*vars_of(consent), *vars_of(ingest)}) == 6
    assert len(consent.root_key_file.read_bytes()) == 32
    assert consent.root_key_file.read_bytes() != ingest.root_key_file.read_bytes()
    consent.make_signing_keys(("permit", "checkpoint"))
    first = (consent.signing_folder / "permit.pem").read_bytes()
    consent.make_signing_keys(("permit",))
    assert (consent.signing_folder / "permit.pem").read_bytes() == first
    assert all(mode(file) == 0o600 for file in tmp_path.rglob("*") if file.is_file())


def vars_of(secrets: ServiceSecrets) -> tuple[str, str, str]:
    found = secrets.passwords()
    return found.owner, found.app, found.worker
