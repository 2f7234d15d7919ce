"""When the host is shut down: pure functions and data."""
