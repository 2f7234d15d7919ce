"""What the store touches: its tables in the ledger, and InfluxDB."""
