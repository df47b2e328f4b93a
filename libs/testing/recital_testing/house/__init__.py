"""The whole house as processes: the same table for `make run`, the demo and the system tests."""

from recital_testing.house.endpoints import Endpoints
from recital_testing.house.house import FIRST_PORT, House
from recital_testing.house.local_tenants import open_local_tenants
from recital_testing.house.tenants import TestTenant
from recital_testing.services import SERVICES, TABLE, Row

__all__ = ["FIRST_PORT", "SERVICES", "TABLE", "Endpoints", "House", "Row", "TestTenant", "open_local_tenants"]
