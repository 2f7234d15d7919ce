"""The batteries of the board profiles: the few keys of ``boards.yaml`` and ``sensor_reader.yaml`` that matter here.

Both files belong to sensor_reader, which checks them; other keys are ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.event_processor.core.device.facts import Cells, DeviceFacts, OwnLevel
from shared.messages import Name


class Part(BaseModel):
    """Base of what is read in part: unknown keys are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Board(Part):
    """The battery of a board, and the levels that hold there."""

    cells: Cells | None = None
    chemistry: Name | None = None
    capacity_mah: Annotated[float, Field(gt=0)] | None = None
    levels: dict[Name, OwnLevel] | None = None


class Boards(Part):
    """``config/boards.yaml``."""

    boards: dict[Name, Board] = {}


class Polled(Part):
    """A device of sensor_reader. A device without a board may give its cells itself."""

    name: Name
    board: str | None = None
    cells: Cells | None = None
    interval_s: Annotated[float, Field(gt=0)] | None = None


class Simulated(Part):
    """The board that the simulator plays on."""

    board: str | None = None


class Reader(Part):
    """``config/sensor_reader.yaml``."""

    source: str = "auto"
    devices: tuple[Polled, ...] = ()
    simulation: Simulated = Simulated()


def board_facts(reader: Reader, boards: Boards, source: str) -> Iterator[tuple[str, str | None, DeviceFacts]]:
    """Yield (device, its board, the facts of its battery); ``source`` is the one in force."""
    simulated = (Polled(name="ups", board=reader.simulation.board),) if source.startswith("sim:") else ()
    for device in {device.name: device for device in (*reader.devices, *simulated)}.values():
        board = boards.boards.get(device.board or "")
        if board is not None:
            facts = DeviceFacts(
                cells=board.cells,
                chemistry=board.chemistry,
                capacity_mah=board.capacity_mah,
                interval_s=device.interval_s,
                levels=board.levels,
            )
            yield device.name, device.board, facts
        elif device.cells is not None or device.interval_s is not None:
            yield device.name, None, DeviceFacts(cells=device.cells, interval_s=device.interval_s)
