"""Counts every event once, keeps the counts in its ledger and sends points to InfluxDB."""
