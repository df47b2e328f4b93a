"""Key pairs that the server and the client library agree with."""

import nkeys
from recital_bus import new_user


def test_a_seed_gives_the_public_key_it_was_made_with() -> None:
    seed, public = new_user()
    assert nkeys.from_seed(bytearray(seed.encode())).public_key.decode() == public
    assert seed.startswith("SU")
    assert public.startswith("U")


def test_no_two_users_are_alike() -> None:
    assert len({new_user() for _ in range(100)}) == 100
