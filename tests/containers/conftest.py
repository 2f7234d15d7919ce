"""Fixtures for tests with a real broker or a container engine."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

from tests.containers.stack import missing


def lacking(reason: str) -> NoReturn:
    """Skip; or fail where everything must be there (``UPSKEEP_REQUIRE=all``)."""
    if os.environ.get("UPSKEEP_REQUIRE") == "all":
        pytest.fail(f"{reason} (UPSKEEP_REQUIRE=all)")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def engine() -> None:
    """A container engine with the base images."""
    if reason := missing():
        lacking(reason)
