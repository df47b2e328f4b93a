"""Real servers and the whole house, for tests and for local use. Never shipped.

Only what is light is named here; servers, databases and the house are rooms of their own, imported where they are used.
"""

from recital_testing.failures import HouseError
from recital_testing.waiting import eventually

__all__ = ["HouseError", "eventually"]
