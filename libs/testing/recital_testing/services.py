"""The process table: the four services, what each is started as and what each signs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One service: `python -m recital_<name>`, and the uses it signs for."""

    name: str
    signs: tuple[str, ...]


TABLE = (
    Row("consent", ("permit", "checkpoint", "service")),
    Row("ingest", ("checkpoint", "service")),
    Row("retention", ("certificate", "checkpoint", "service")),
    Row("dsar", ("order", "subject", "checkpoint", "service")),
)
SERVICES = tuple(row.name for row in TABLE)
