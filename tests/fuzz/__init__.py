"""``make fuzz`` sends bad messages to everything while good load runs, and counts what that costs (nothing)."""
