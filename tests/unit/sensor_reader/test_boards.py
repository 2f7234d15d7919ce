"""The shipped board profiles: what every one of them must say, and what those say that users got wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.sensor_reader.core.polling.device import ChipPart
from services.sensor_reader.settings import DeviceSettings, load

SHIPPED = load(Path(__file__).parents[3] / "config", {})
BOARDS = SHIPPED.boards
FULL_V = {"li_ion": 4.2, "lihv": 4.35, "lifepo4": 3.65}


def parts(board: str) -> list[ChipPart]:
    found = DeviceSettings(name="d", board=board).parts(BOARDS)
    return [part for part in found if isinstance(part, ChipPart)]


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_says_where_it_is_from_and_what_its_battery_can_show(board: str) -> None:
    """A source, and a range that holds a full pack with room for OVERVOLTAGE_DETECTED, but not one cell more."""
    profile = BOARDS[board]
    limit = profile.limits["battery_voltage"]

    assert profile.source
    assert limit.low is not None
    assert limit.high is not None
    full = FULL_V[profile.chemistry] * profile.cells
    assert limit.low < 3.0 * profile.cells
    assert full + 0.08 * profile.cells < limit.high
    assert profile.cells == 1 or limit.low > FULL_V[profile.chemistry] * (profile.cells - 1) or profile.cells > 2


def test_boards_of_one_maker_have_opposite_mains_lines() -> None:
    """GPIO 6 high is mains on the X120x and mains lost on the X728."""
    lines = {board: BOARDS[board].ac_detect for board in ("geekworm_x1201", "geekworm_x728")}

    assert {"geekworm_x1201": (6, "mains"), "geekworm_x728": (6, "lost")} == {
        board: (line.line, line.high_means) for board, line in lines.items() if line
    }


@pytest.mark.parametrize(("board", "bus", "cells", "chips"), [
    ("waveshare_ups_hat_b", 1, 2, [("ina219", 0x42, 0.1, 1)]),
    ("waveshare_ups_hat_c", 1, 1, [("ina219", 0x43, 0.01, 1)]),
    ("waveshare_ups_hat_d", 1, 1, [("ina219", 0x43, 0.01, -1)]),
    ("waveshare_ups_module_3s", 1, 3, [("ina219", 0x41, 0.01, 1)]),
    ("waveshare_cm4_poe_ups", 10, 1, [("ina219", 0x43, 0.1, -1)]),
    ("52pi_upsplus", 1, 1, [("upsplus", 0x17, 0.0, 1), ("ina219", 0x45, 0.005, 1), ("ina219", 0x40, 0.00725, 1)]),
])  # fmt: skip
def test_the_same_chip_is_wired_otherwise_from_board_to_board(
    board: str, bus: int, cells: int, chips: list[tuple[str, int, float, int]]
) -> None:
    """Address, cells, shunt, sign and bus (odya/hass-ina219-ups-hat#30 #8 #32, geeekpi/upsplus#37, NUT #2378)."""
    found = parts(board)

    assert {(bus, cells)} == {(part.bus, part.mount.cells) for part in found}
    assert chips == [(p.chip.kind, p.address, p.mount.shunt_ohm, p.mount.current_sign) for p in found]


def test_what_is_not_verified_is_said() -> None:
    """Where no source could be had for something that matters, the notes begin with it."""
    doubted = {name for name, board in BOARDS.items() if "Not verified" in board.notes}

    assert {"waveshare_ups_hat_c", "waveshare_ups_module_3s", "waveshare_cm4_poe_ups", "waveshare_ups_hat_e",
            "ups_lite_1_2", "52pi_upsplus", "pipower_3", "pipower_5"} == doubted  # fmt: skip
