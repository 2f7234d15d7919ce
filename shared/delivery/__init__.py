"""The durable hop: every message of a stream applied exactly once, whatever dies in between."""
