"""Where frames come from: live hardware, recordings or the simulator, opened by name."""
