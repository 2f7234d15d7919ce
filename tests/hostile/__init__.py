"""Hostile neighbours: bad messages made from the registry of kinds, and the users that send them."""
