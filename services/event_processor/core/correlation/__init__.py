"""What belongs together: related events, and incidents by named patterns."""
