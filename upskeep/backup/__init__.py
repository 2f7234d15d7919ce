"""A backup: every ledger of a data folder as it was at one moment, with the configuration, in one archive."""
