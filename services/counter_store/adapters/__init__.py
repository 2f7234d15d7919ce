"""What the store touches: InfluxDB, the tables of its ledger, and the files of its reports."""
