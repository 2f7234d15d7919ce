"""The control law: pure, from what was measured to what is wanted of each actuator, with a reason."""
