"""The nouns of consent: calls and what happened in them, purposes, tenants, subjects, spans of time. No behaviour."""
