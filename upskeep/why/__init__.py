"""``upskeep why``: the chain from what was read to who was notified, or to where it ended."""
