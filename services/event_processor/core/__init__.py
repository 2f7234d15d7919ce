"""What a frame means, as pure functions of (program, memory, frame)."""
