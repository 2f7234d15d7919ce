"""What a process prints reaches systemd's journal under a name, with a priority; elsewhere it is a file."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import journal


@pytest.fixture
def streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket at which journald hands out streams."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(tmp_path / "stdout"))
        listening.listen()
        listening.settimeout(30)
        monkeypatch.setattr(journal, "STREAMS", tmp_path / "stdout")
        yield listening


@pytest.fixture
def printed(tmp_path: Path) -> Iterator[int]:
    """A descriptor that this process prints to."""
    descriptor = os.open(tmp_path / "printed", os.O_WRONLY | os.O_CREAT)
    yield descriptor
    os.close(descriptor)


def identity(descriptor: int) -> str:
    return f"{os.fstat(descriptor).st_dev}:{os.fstat(descriptor).st_ino}"


@pytest.mark.parametrize(("said", "is_one"), [("its own", True), ("another", False), (None, False)])
def test_only_the_very_output_that_systemd_made_is_the_journal(printed: int, said: str | None, is_one: bool) -> None:
    """The variable is inherited by whoever prints somewhere else."""
    environ = {} if said is None else {"JOURNAL_STREAM": identity(printed) if said == "its own" else "8:1"}

    assert is_one == journal.is_journal(environ, printed)


def test_a_service_that_starts_from_the_journal_has_a_stream_of_its_name(
    streams: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And knows it: what it prints arrives whole, and no file is made."""
    environ = {"JOURNAL_STREAM": identity(journal.STDERR)}
    monkeypatch.setenv("JOURNAL_STREAM", environ["JOURNAL_STREAM"])
    descriptor = journal.open_output("alerter", tmp_path / "alerter.log", environ)

    assert identity(descriptor) == environ["JOURNAL_STREAM"]
    os.write(descriptor, b"<4>no broker\n")
    os.close(descriptor)
    taken, _ = streams.accept()
    with taken, taken.makefile() as lines:
        assert ["alerter", "", "6", "1", "0", "0", "0", "<4>no broker"] == lines.read().splitlines()
    assert not (tmp_path / "alerter.log").exists()
    assert "journalctl -t alerter" == journal.where("alerter", tmp_path / "alerter.log", os.environ)


@pytest.mark.parametrize("by", ["a terminal", "a journal that is gone"])
def test_else_it_prints_into_its_file(by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of what is there."""
    monkeypatch.setattr(journal, "STREAMS", tmp_path / "nowhere")
    environ = {} if by == "a terminal" else {"JOURNAL_STREAM": identity(journal.STDERR)}
    path = tmp_path / "alerter.log"
    path.write_text("before\n")
    descriptor = journal.open_output("alerter", path, environ)
    os.write(descriptor, b"after\n")
    os.close(descriptor)

    assert "before\nafter\n" == path.read_text()


@pytest.mark.parametrize(("level", "priority"), [*journal.PRIORITIES.items(), (25, 6)])
def test_each_line_of_an_entry_has_its_priority(level: int, priority: int) -> None:
    """Those of a traceback, too; a level that systemd does not know is information."""
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record = logging.LogRecord("x", level, __file__, 1, "the disk %s", ("is\nfull",), sys.exc_info())
    first, *others = journal.JournalFormatter("%(message)s").format(record).split("\n")

    assert f"<{priority}>the disk is" == first
    assert f"<{priority}>    full" == others[0]
    assert {f"<{priority}>"} == {line[:3] for line in others}
