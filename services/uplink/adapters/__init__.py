"""The queue in the ledger, the thread that ships from it, and Kafka."""
