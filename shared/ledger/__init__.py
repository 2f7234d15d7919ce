"""The ledger of a service, and what becomes of a damaged one: ``examine``, ``quarantine``, ``salvage``."""

from shared.ledger.ledger import (
    APPLICATION_ID,
    Ledger,
    LedgerDamagedError,
    LedgerError,
    Value,
    explain,
    is_damage,
    is_sound,
    keep_value,
    schema_seals,
    sealed,
)

__all__ = [
    "APPLICATION_ID",
    "Ledger",
    "LedgerDamagedError",
    "LedgerError",
    "Value",
    "explain",
    "is_damage",
    "is_sound",
    "keep_value",
    "schema_seals",
    "sealed",
]
