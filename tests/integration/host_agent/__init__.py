"""The host agent as processes: a real broker, real programs, a power command that only leaves a note."""
