"""What the alerter decides, as pure functions of (rule, memory, event time)."""
