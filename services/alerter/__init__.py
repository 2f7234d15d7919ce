"""Events and state samples → alerts, notifications and orders."""
