"""NATS JetStream: publishing, consuming, permissions."""

from recital_bus.bus import Bus
from recital_bus.configuration import PROVISIONER, STREAM, Permissions, permissions_of, server_configuration
from recital_bus.connection import BusSettings
from recital_bus.consuming import Handle
from recital_bus.messages import Message, Outcome
from recital_bus.provisioning import provision
from recital_bus.users import new_user

__all__ = [
    "PROVISIONER",
    "STREAM",
    "Bus",
    "BusSettings",
    "Handle",
    "Message",
    "Outcome",
    "Permissions",
    "new_user",
    "permissions_of",
    "provision",
    "server_configuration",
]
