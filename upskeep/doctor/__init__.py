"""``upskeep doctor``: checks what Upskeep needs, with advice for each missing thing."""
