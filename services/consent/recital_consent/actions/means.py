"""What actions work with, put together once in wiring; no decision and no state here."""

from collections.abc import Sequence
from typing import NoReturn

from recital_errors import FieldError, Malformed, Reason
from recital_identity import KeySet, Principal, SigningKey
from recital_runtime import Runtime, Technologies
from recital_vault import Vault

from recital_consent.model.problems import Problem
from recital_consent.model.tenants import Tenant
from recital_consent.store.houses import Houses

LOG = "consent"
"""The ledger of what was published, told, decided, permitted and taken back."""


class Means(Technologies):
    """The technologies that actions are given."""

    def __init__(self, runtime: Runtime) -> None:
        """Nothing is opened here."""
        super().__init__(runtime)
        self.houses = Houses()

    @property
    def permit_key(self) -> SigningKey:
        """The key that signs permits; raises Unavailable where there is none."""
        return self._runtime.signing["permit"]

    @property
    def permit_keys(self) -> KeySet:
        """The public keys of all permits, with the retired ones."""
        return self._runtime.signing.keys("permit")


async def digest(vault: Vault, tenant: Tenant, kind: str, value: str) -> bytes:
    """Return the keyed digest by which a value of some kind is found or compared."""
    return await vault.blind_index(tenant.id, tenant.index_key, f"{kind}:{value}")


async def person(vault: Vault, tenant: Tenant, principal: Principal) -> bytes:
    """Return the keyed digest of who asks, by which a second person is told from the first (never who it is)."""
    return await digest(vault, tenant, "person", principal.subject)


def refuse(problems: Sequence[Problem]) -> NoReturn:
    """Raise Malformed with every field that is wrong and every rule it breaks."""
    raise malformed(problems)


def malformed(problems: Sequence[Problem]) -> Malformed:
    """Return the refusal with every field that is wrong and every rule it breaks."""
    return Malformed(
        problems[0].code,
        "Some fields are not as they must be; nothing was stored.",
        reasons=dict.fromkeys(Reason(each.code, each.rule) for each in problems if each.rule),
        fields=[FieldError(each.field, each.problem) for each in problems],
    )
