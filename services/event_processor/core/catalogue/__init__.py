"""The event types there are, what their data looks like, and how a configuration names them."""
