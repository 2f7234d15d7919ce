"""Points for InfluxDB: how they are written, batched and dated, and where they go."""
