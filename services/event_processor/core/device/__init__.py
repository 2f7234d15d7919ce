"""What is known of a device: the facts beforehand, and the memory between two frames."""
