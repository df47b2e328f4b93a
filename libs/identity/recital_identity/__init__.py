"""Who asks: tokens, principals, roles, permissions."""
