"""Channels: what a frame says, what follows from it, and what it proves."""
