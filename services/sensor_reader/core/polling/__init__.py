"""Which device is polled when, and how a poll becomes a frame."""
