"""The reader's rules: registers, polling, turns, pacing. No clock, no I/O of its own."""
