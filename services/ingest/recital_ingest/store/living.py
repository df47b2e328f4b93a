"""Which of this service's rows are living holdings, each to be known to retention's register."""

LIVING = {
    "recording": "recordings where state <> 'erased'",
    "collection": "(select tenant_id, part_id as id, state from collections) parts"
    " where state in ('collected', 'erasing')",
}
