"""``make fleet-crash``: the log, the database, the workers and the uplinks of a fleet are killed at work."""
