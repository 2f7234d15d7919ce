"""What is counted, as files: export and import. The commands are in ``upskeep/commands/transfer.py``."""
