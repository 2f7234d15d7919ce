"""What is played instead of polled: positions, pace, cells of recordings; and the port of every source."""
