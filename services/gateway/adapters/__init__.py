"""HTTP, Prometheus's text and the event loop."""
