"""Registers as tables, and the check bytes that protect them on the bus."""
