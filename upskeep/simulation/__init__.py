"""Closed loops without hardware: the control law over the room model, its figures and its page."""
