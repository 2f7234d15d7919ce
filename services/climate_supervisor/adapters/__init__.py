"""What the supervisor touches: the actuators' own topics, and what is kept over a restart."""
