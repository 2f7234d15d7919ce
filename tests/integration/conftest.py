"""What integration tests share: a server that answers as it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.scripted_http import Scripted, scripted


@pytest.fixture
def server() -> Iterator[Scripted]:
    """An HTTP server, running; its answer may be changed at any time."""
    with scripted() as script:
        yield script
