"""Who asks: tokens signed and verified, principals, roles, and the permission table.

Pure: reads no clock and fetches no key.
"""

from recital_identity.issuing import AccessClaims, LocalIssuer, Order, issue_order, issue_service, issue_subject
from recital_identity.keys import KeySet, PublicKey, SigningKey
from recital_identity.permissions import PERMISSIONS, Permission, may
from recital_identity.principal import Principal, Role, TokenKind
from recital_identity.tokens import LARGEST_TOKEN, Json, issuer_of, key_id_of, read, sign
from recital_identity.verification import (
    LEEWAY,
    has_expired,
    issuer_named,
    read_permit,
    verify_access,
    verify_order,
    verify_service,
    verify_subject,
)

__all__ = [
    "LARGEST_TOKEN",
    "LEEWAY",
    "PERMISSIONS",
    "AccessClaims",
    "Json",
    "KeySet",
    "LocalIssuer",
    "Order",
    "Permission",
    "Principal",
    "PublicKey",
    "Role",
    "SigningKey",
    "TokenKind",
    "has_expired",
    "issue_order",
    "issue_service",
    "issue_subject",
    "issuer_named",
    "issuer_of",
    "key_id_of",
    "may",
    "read",
    "read_permit",
    "sign",
    "verify_access",
    "verify_order",
    "verify_service",
    "verify_subject",
]
