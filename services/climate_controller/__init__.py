"""Closes climate control loops; not built yet."""
