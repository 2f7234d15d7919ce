"""Fixtures for tests in containers."""

from __future__ import annotations

import pytest

from tests.conftest import Require
from tests.support.containers.stack import missing


@pytest.fixture(scope="session")
def engine(require: Require) -> None:
    """A container engine with the base images."""
    reason = missing()
    require.that(not reason, reason)
