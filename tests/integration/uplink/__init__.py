"""A site's suite with its uplink, before a real Kafka."""
