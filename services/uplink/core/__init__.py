"""What is worth a record, how fast records may leave, and the port to the log."""
