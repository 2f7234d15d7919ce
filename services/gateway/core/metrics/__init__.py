"""What the suite is like in Prometheus's terms, as plain data; ``adapters.prometheus`` writes it."""
