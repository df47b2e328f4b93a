"""Real servers and the whole house, for tests and for local use."""
