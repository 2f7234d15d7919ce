"""Which values become records, how fast records may leave, and the port to the log."""
