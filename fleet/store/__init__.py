"""PostgreSQL: what is counted, and how far the log was read, in one transaction (docs/adr/0050)."""
