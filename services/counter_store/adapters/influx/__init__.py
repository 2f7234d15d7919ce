"""InfluxDB over HTTP: writing points, reading events back, setting it up."""
