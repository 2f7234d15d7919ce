"""A worker: it reads its partitions of the log and commits what they say, batch by batch."""
