"""Files whose names anybody can guess, in folders where anybody may write: what was planted there is not followed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from services.counter_store.adapters.reports.files import put
from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.process import _Sign
from shared.suite import SuiteSettings
from upskeep.transfer.writers import beside

PRECIOUS = "do not touch"


def export(path: Path) -> None:
    with beside(path) as part:
        part.write_text("new")


@pytest.mark.parametrize("write", [lambda path: put(path, b"new"), export], ids=["report", "export"])
def test_a_link_beside_a_file_is_not_written_through(write: Callable[[Path], None], tmp_path: Path) -> None:
    """Not by the report that the store writes, nor by an export into /tmp."""
    precious, file = tmp_path / "precious", tmp_path / "a.json"
    precious.write_text(PRECIOUS)
    (tmp_path / ".a.json.part").symlink_to(precious)

    write(file)

    assert (PRECIOUS, "new", False) == (precious.read_text(), file.read_text(), file.is_symlink())


@pytest.mark.parametrize("planted", ["link", "link to nothing", "pipe", "folder"])
def test_what_stands_where_the_sign_of_health_goes_ends_no_service(
    planted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It lies in the temporary folder: nothing is made or changed where a link leads, and the log says so once."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    context = Context(tmp_path, {}, SuiteSettings(data=tmp_path / "data"), SYSTEM_CLOCK)
    sign, precious = _Sign(context, "alerter"), tmp_path / "precious"
    if planted == "link":
        precious.write_text(PRECIOUS)
        os.utime(precious, (1, 1))
    if planted == "pipe":
        os.mkfifo(sign.path)
    elif planted == "folder":
        sign.path.mkdir()
    else:
        sign.path.symlink_to(precious)
    now = [0.0]
    endpoint = SimpleNamespace(connected=True, clock=SimpleNamespace(monotonic=lambda: now[0]))
    for now[0] in (100.0, 200.0):
        sign.give(endpoint)  # type: ignore[arg-type]

    assert 1 == len([text for text in caplog.messages if str(sign.path) in text])
    assert precious.exists() is (planted == "link")
    assert planted != "link" or precious.stat().st_mtime == 1
