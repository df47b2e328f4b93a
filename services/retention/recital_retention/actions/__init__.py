"""What retention can do: load facts, ask a decision, save and announce, in one transaction. Nothing here commits.

Where a function takes Means instead of a transaction, it is work that opens transactions of its own, one per tenant.
"""
