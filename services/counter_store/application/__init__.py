"""What the service does with each message and request: it works on its tables, and the core decides."""
