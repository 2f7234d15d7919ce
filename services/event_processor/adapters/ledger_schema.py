"""The schema for the ledger of ``service.EventProcessor``."""

from __future__ import annotations

from services.event_processor.adapters import (
    analytics,
    incident_table,
    migrations,
    offered,
    pipeline_tables,
    work_table,
)
from shared.ledger import Ledger, Schema

TABLES = (offered.SCHEMA, pipeline_tables.SCHEMA, incident_table.SCHEMA, work_table.SCHEMA, analytics.SCHEMA)
LEDGER_SCHEMA = Schema(TABLES, migrations.STEPS)


def create_tables(ledger: Ledger) -> None:
    """Create the processor's tables where they are missing."""
    for statement in ";".join(TABLES).split(";"):
        ledger.db.execute(statement)
