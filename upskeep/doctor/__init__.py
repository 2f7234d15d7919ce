"""``upskeep doctor``: looks at what Upskeep needs, and says what to do about each thing that is missing."""
