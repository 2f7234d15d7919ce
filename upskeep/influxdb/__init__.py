"""InfluxDB from the command line: set it up, restore a ledger from it."""
