"""Has the last word on every actuator: nothing is switched on that a guard forbids."""
