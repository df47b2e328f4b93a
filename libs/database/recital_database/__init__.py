"""PostgreSQL: transactions, tenancy, outbox, inbox, ledgers."""
