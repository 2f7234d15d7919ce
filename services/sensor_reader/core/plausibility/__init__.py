"""Whether a reading can be believed: limits, speed of change, frozen numbers."""
