"""How far this database has applied the control ledger: one number, which a restore from a backup takes back."""

from recital_database.connection import Transaction


async def control_position(tx: Transaction) -> int:
    """Return the highest number of the control ledger that this database has applied."""
    return int((await tx.execute("select sequence from control_position")).scalar_one())


async def advance_control_position(tx: Transaction, sequence: int) -> None:
    """Note that the control ledger has been applied up to a number; it never goes back."""
    await tx.execute("update control_position set sequence = greatest(sequence, :sequence)", {"sequence": sequence})
