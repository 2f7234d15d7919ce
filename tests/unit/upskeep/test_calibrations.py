"""What is calibrated, as a table."""

from __future__ import annotations

import pytest

from upskeep.commands import calibrate

KNOWN = {
    "device": "attic",
    "channel": "air_temperature",
    "pairs": [[20.9, 21.4]],
    "by": None,
    "at": "2026-01-31T12:00:00.000000Z",
    "due_days": 365.0,
}


def test_what_is_calibrated_says_when_in_utc_and_by_whom_if_that_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    """Whole, as it is printed."""
    calibrate._print([KNOWN], as_json=False)

    assert [
        "device  channel          read → true  by  when               due after",
        "attic   air_temperature  20.9 → 21.4  -   2026-01-31 12:00Z  365 days",
    ] == [row.rstrip() for row in capsys.readouterr().out.splitlines()]
