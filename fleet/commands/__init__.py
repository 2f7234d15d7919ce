"""What ``upskeep fleet`` does, for people. Importing these modules needs neither Kafka's client nor PostgreSQL's."""
