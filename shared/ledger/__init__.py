"""The ledger of a service: opened, migrated (``migrations``), and what becomes of a damaged one (``quarantine``)."""

from shared.ledger.errors import (
    LedgerDamagedError,
    LedgerError,
    LedgerNewerError,
    MigrationError,
    explain,
    is_damage,
)
from shared.ledger.examine import APPLICATION_ID
from shared.ledger.ledger import Ledger
from shared.ledger.migrations import Schema
from shared.ledger.seals import Value, is_sound, keep_value, schema_seals, sealed
from shared.ledger.step import Migration
from shared.ledger.way import Way

__all__ = [
    "APPLICATION_ID",
    "Ledger",
    "LedgerDamagedError",
    "LedgerError",
    "LedgerNewerError",
    "Migration",
    "MigrationError",
    "Schema",
    "Value",
    "Way",
    "explain",
    "is_damage",
    "is_sound",
    "keep_value",
    "schema_seals",
    "sealed",
]
