"""From what was chosen to the lines that become others, of the configuration as shipped."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from upskeep.check import check_config
from upskeep.first_start.edits import EditError
from upskeep.first_start.plan import BoardChoice, ChipChoice, Choices, NutChoice, SimulatorChoice, planned
from upskeep.first_start.write import EDITED, SHIPPED, try_out

AIR = ChipChoice("sht3x", 1, 0x44)
LIGHT = ChipChoice("bh1750", 1, 0x23)
SHIPPED_TEXTS = {name: (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8") for name in EDITED}


def changed(choices: Choices) -> list[str]:
    """Return the lines that go and come; the result has been read as the services read it."""
    texts = planned(SHIPPED_TEXTS, choices)
    try_out(SHIPPED, texts, {})
    lines: list[str] = []
    for name, text in texts.items():
        before, after = SHIPPED_TEXTS[name].splitlines(), text.splitlines()
        lines += [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    return [" ".join(line.split("#")[0].split()) for line in lines]


SOURCE = ["- source: auto", "+ source: i2c"]


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        (Choices(BoardChoice("geekworm_x1201")), SOURCE),
        (Choices(BoardChoice("geekworm_x1201"), site="home"), SOURCE),
        (
            Choices(BoardChoice("waveshare_ups_hat_b", 3), site="cabin", capacity_mah=3000),
            ["- site: home", "+ site: cabin", *SOURCE, "- board: geekworm_x1201", "+ board: waveshare_ups_hat_b",
             "+ bus: 3", "- devices: {}", "+ devices: {ups: {capacity_mah: 3000}}"],
        ),
        (
            Choices(NutChoice("rack", "nas.lan"), (AIR,)),
            [*SOURCE, "+ - {name: sht3x_44, chip: sht3x, bus: 1, address: 0x44}", "- board: geekworm_x1201",
             '+ nut: {"ups": "rack", "host": "nas.lan", "port": 3493}'],
        ),
        (
            Choices(None, (AIR, LIGHT)),
            [*SOURCE, "- - name: ups", "- board: geekworm_x1201",
             "+ - {name: bh1750_23, chip: bh1750, bus: 1, address: 0x23}", "+ - name: sht3x_44", "+ chip: sht3x",
             "+ bus: 1", "+ address: 0x44"],
        ),
        (Choices(SimulatorChoice("tent")), ["- source: auto", "+ source: sim:tent"]),
    ],
)  # fmt: skip
def test_only_what_differs_is_written(choices: Choices, expected: list[str]) -> None:
    """And the services can read it."""
    assert sorted(expected) == sorted(changed(choices))


@pytest.mark.parametrize(
    "choices",
    [
        Choices(BoardChoice("waveshare_ups_hat_b", 3), (AIR,), "cabin", 3000),
        Choices(NutChoice("rack"), (AIR, LIGHT)),
        Choices(None, (AIR, LIGHT)),
        Choices(SimulatorChoice("outage")),
    ],
)
def test_a_second_time_nothing_changes(choices: Choices) -> None:
    """What stands already is left alone."""
    once = SHIPPED_TEXTS | planned(SHIPPED_TEXTS, choices)
    assert {} == planned(once, choices)


@pytest.mark.parametrize(
    ("files", "choices", "named"),
    [
        ({}, Choices(None), "nothing was chosen to read"),
        ({"sensor_reader": "source: auto\ndevices: []\n"}, Choices(BoardChoice("x")), "names no board, chip or NUT"),
        (
            {"sensor_reader": "source: auto\ndevices:\n  - {name: ups, board: a, bus: 3}\n"},
            Choices(BoardChoice("b")),
            "devices.0 has been wired by hand",
        ),
        (
            {"event_processor": "devices: {ups: {cells: 2}}\n"},
            Choices(BoardChoice("geekworm_x1201"), capacity_mah=1),
            "devices has entries already",
        ),
    ],
)
def test_what_was_wired_by_hand_is_not_overwritten(files: dict[str, str], choices: Choices, named: str) -> None:
    """The place is named instead."""
    with pytest.raises(EditError, match=named):
        planned(SHIPPED_TEXTS | files, choices)


def test_the_shipped_configuration_is_good() -> None:
    """Or the tests above would show nothing."""
    assert Path("data") == check_config(SHIPPED, {}).suite.data
