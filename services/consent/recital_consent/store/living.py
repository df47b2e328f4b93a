"""Which of this service's rows are living holdings, each to be known to retention's register."""

LIVING = {
    "call": "calls where erased_at is null",
    "identity": "subjects where erased_at is null and not bot",
    "collection": "parts where collected_at is not null",
}
