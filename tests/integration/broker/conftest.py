"""Two authorities: one that is trusted, and a stranger."""

from __future__ import annotations

import pytest

from tests.conftest import Require
from tests.support.authority import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory, require: Require) -> Authority:
    require.program("openssl")
    return Authority(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory, require: Require) -> Authority:
    require.program("openssl")
    return Authority(tmp_path_factory.mktemp("tls") / "theirs")
