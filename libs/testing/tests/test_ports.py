import socket

import pytest
from recital_testing import HouseError
from recital_testing.ports import choose_ports, require_free


def test_chosen_ports_are_free_and_differ() -> None:
    ports = choose_ports([str(number) for number in range(20)])
    assert len(set(ports.values())) == 20
    require_free(ports)


def test_ports_are_counted_from_the_first() -> None:
    assert choose_ports(["consent", "ingest"], first=7400) == {"consent": 7400, "ingest": 7401}


def test_a_used_port_is_named_with_who_wanted_it_and_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(HouseError, match=rf"{port} \(consent\).*in use.*RECITAL_PORT"):
            require_free({"consent": port})
