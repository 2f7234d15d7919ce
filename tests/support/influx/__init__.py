"""InfluxDB servers for tests: real ones of each version, and what documents say of two."""
