"""The ledger's tables: events, aggregates, imports and the queue of points."""
