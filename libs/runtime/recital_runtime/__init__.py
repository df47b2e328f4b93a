"""How every service starts, serves, logs, traces and stops."""
