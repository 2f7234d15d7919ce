"""The gateway gives way to the services it shows, where it may."""

from __future__ import annotations

import os
from typing import Any
from unittest.mock import Mock

import pytest

from services.gateway import app


@pytest.mark.parametrize("forbidden", [False, True])
def test_it_serves_whether_or_not_it_may_lower_its_priority(
    monkeypatch: pytest.MonkeyPatch, *, forbidden: bool
) -> None:
    """A hardened systemd unit answers EPERM to any change: the gateway died of it at every start."""

    def nice(_: int) -> int:
        if forbidden:
            raise PermissionError(1, "Operation not permitted")
        return 0

    monkeypatch.setattr(os, "nice", nice)
    gateway: Any = Mock()
    assert gateway is app.drive(Mock(), Mock(), gateway, Mock())
    gateway.start.assert_called_once_with()
