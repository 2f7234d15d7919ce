"""Closes climate control loops: decides what each actuator should do, and demands it of the supervisor."""
