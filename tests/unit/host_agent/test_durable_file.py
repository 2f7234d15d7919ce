"""A kept file is whole or not there, and a disk that takes nothing stops nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.host_agent.adapters.boot import boot_id
from services.host_agent.adapters.durable_file import DurableFile


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """In a folder that is made for it."""
    file = DurableFile(tmp_path / "deep" / "memory.json")
    assert (None, False) == (file.read(), file.has_room)  # there is no folder yet
    assert (True, True, True) == (file.write(b"one"), file.write(b"two"), file.has_room)
    assert b"two" == DurableFile(file.path).read()
    assert ["memory.json"] == [path.name for path in file.path.parent.iterdir()]


def test_a_disk_that_takes_nothing_is_said_once_and_what_was_there_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And once it takes something again, all is well."""
    file = DurableFile(tmp_path / "memory.json")
    file.write(b"one")
    (tmp_path / "memory.new").mkdir()
    assert [False, False] == [file.write(b"two"), file.write(b"three")]
    assert (False, False, b"one", 1) == (file.sound, file.has_room, file.read(), len(caplog.records))
    (tmp_path / "memory.new").rmdir()
    assert (True, True) == (file.write(b"four"), file.sound)


def test_a_file_that_cannot_be_read_is_as_good_as_none(tmp_path: Path) -> None:
    """Here a folder stands in its place."""
    assert DurableFile(tmp_path).read() is None


def test_without_a_boot_id_every_start_is_a_boot_of_its_own(tmp_path: Path) -> None:
    """Then nothing is taken over from the process before."""
    (tmp_path / "boot_id").write_text("2f7acda0\n")
    assert "2f7acda0" == boot_id(tmp_path / "boot_id")
    assert boot_id(tmp_path / "none") != boot_id(tmp_path / "none")
