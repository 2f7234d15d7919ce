"""The script that plays NUT's device library: it counts by type, and names what a dump's words do not carry."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import nut_ddl

ON_BATTERY = "battery.charge: 97\nbattery.runtime: 1600\nups.load: 12\nups.status: OB LB  #COMMENT: at once\n"
BYPASS = "input.voltage: 231.0\nups.status: OL BYPASS\n"


def test_what_the_words_carry_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By type, with how many devices."""
    (tmp_path / "Maker").mkdir()
    (tmp_path / "Maker" / "one.dev").write_text(ON_BATTERY)
    (tmp_path / "Maker" / "two.dev").write_text(BYPASS)

    assert 0 == nut_ddl.main(tmp_path)
    told = {line.split()[0]: line.split()[1:4:2] for line in capsys.readouterr().out.splitlines()[1:]}
    assert {name: ["1", "1"] for name in ("AC_POWER_LOSS", "STARTED_ON_BATTERY", "BATTERY_LOW", "UPS_BYPASS")} == told


def test_what_they_do_not_carry_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is a failure, as is a folder without dumps."""
    assert 1 == nut_ddl.main(tmp_path)
    (tmp_path / "two.dev").write_text(BYPASS)
    monkeypatch.setitem(nut_ddl.CARRIED, "UPS_BYPASS", lambda _: False)

    assert 1 == nut_ddl.main(tmp_path)
    assert "not carried by its words: two: UPS_BYPASS (OL BYPASS)" in capsys.readouterr().out
