"""`endpoints.json`: where everything answers and a token per role, so that scripts can drive the running system."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from recital_testing.failures import HouseError
from recital_testing.files import secret_file


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What a running house tells the outside; it holds tokens, so only its owner may read it."""

    services: Mapping[str, str]
    servers: Mapping[str, Any]
    ports: Mapping[str, int]
    local_mode: bool
    operator: str
    tenants: Mapping[UUID, Mapping[str, list[str]]] = field(default_factory=dict)

    def write(self, file: Path) -> None:
        """Write it whole: a reader sees the old or the new."""
        tenants = [{"id": str(tenant), "tokens": tokens} for tenant, tokens in self.tenants.items()]
        document = {
            "services": dict(self.services),
            "servers": dict(self.servers),
            "ports": dict(self.ports),
            "local_mode": self.local_mode,
            "operator": self.operator,
            "tenants": tenants,
        }
        secret_file(file, json.dumps(document, indent=1) + "\n")

    @classmethod
    def read(cls, file: Path) -> "Endpoints":
        """Read it; raises HouseError when nothing has been started in this folder."""
        try:
            document = json.loads(file.read_text())
        except FileNotFoundError:
            raise HouseError(
                f"Recital does not run from {file.parent}: start it with `make run` or `make start`"
            ) from None
        tenants = {UUID(tenant["id"]): tenant["tokens"] for tenant in document.pop("tenants")}
        return cls(**document, tenants=tenants)
