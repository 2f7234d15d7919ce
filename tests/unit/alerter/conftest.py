"""Ledgers for the alerter's tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from services.alerter.service import LEDGER_SCHEMA
from shared.ledger import Ledger


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """An empty ledger in memory with the alerter's tables."""
    with closing(Ledger(":memory:", LEDGER_SCHEMA)) as opened:
        yield opened
