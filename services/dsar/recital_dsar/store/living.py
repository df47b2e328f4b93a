"""Which of this service's rows are living holdings, each to be known to retention's register."""

LIVING = {
    "request": "requests where erased_at is null",
    "package": "packages where state = 'ready'",
}
