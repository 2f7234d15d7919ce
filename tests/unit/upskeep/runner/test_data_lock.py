"""A folder of data belongs to one run at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from upskeep.runner.data_lock import DataError, hold_data_folder

HOLDS = "import sys; from pathlib import Path; from upskeep.runner.data_lock import hold_data_folder\n"
HOLDS += "with hold_data_folder(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"


def test_a_second_run_is_told_that_there_is_a_first_until_that_has_died(tmp_path: Path) -> None:
    """Killed is as good as ended."""
    data = tmp_path / "not" / "there"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert "held\n" == first.stdout.readline()
        with (
            pytest.raises(DataError, match="belongs to an `upskeep run` that is at work: stop it"),
            hold_data_folder(data),
        ):
            pass
        first.kill()

    with hold_data_folder(data):
        assert data.is_dir()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """With the reason, and what to do."""
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(DataError, match="file/data cannot hold data: Not a directory; name another"),
        hold_data_folder(tmp_path / "file" / "data"),
    ):
        pass
