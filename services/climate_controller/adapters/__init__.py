"""What the controller keeps over a restart."""
