"""The migrations of this service's ledger, oldest first. A landed step is never changed."""

from __future__ import annotations

from shared.ledger import Migration, Schema
from shared.ledger.step import running

NAME_REPORT = """
UPDATE OR REPLACE state
SET key = 'calibrations_reported', seal = seal('calibrations_reported', value) WHERE key = 'calibrations_told';
"""

LEDGER_SCHEMA = Schema(
    steps=(Migration("name when calibrations that are due were reported", running(NAME_REPORT), rewrites=True),),
)
