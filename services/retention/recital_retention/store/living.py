"""Which of retention's rows are living holdings: those in the register, and the parts that are its own."""

from collections.abc import Mapping
from typing import get_args

from recital_events import HoldingKind

REGISTERED: Mapping[str, str] = {
    kind: f"holdings where kind = '{kind}' and state <> 'erased'" for kind in get_args(HoldingKind)
}
OWN: Mapping[str, str] = {"collection": "parts where collected_at is not null"}
