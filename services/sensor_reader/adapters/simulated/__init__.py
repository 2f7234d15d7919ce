"""The simulator: a battery, mains and a processor that are believable, read through simulated registers."""
