"""The crash harness: ``make crash`` kills and cuts everything under load, and counts what is lost (nothing)."""
