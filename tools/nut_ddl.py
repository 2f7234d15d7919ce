"""Play the public dumps of NUT's device library, and say which events come of what those UPSs say.

    git clone https://github.com/networkupstools/nut-ddl
    python -m tools.nut_ddl nut-ddl

Each dump is polled once a second for two minutes, over sensor_reader's meaning and event_processor's rules as shipped.
Every event must be carried by the dump's own words; what is not is listed, and makes the exit code 1.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.event_processor.core.device.memory import NOTHING
from services.event_processor.core.process import process_frame
from services.event_processor.core.rules.compiled import CompiledRules
from services.event_processor.settings import load
from services.sensor_reader.core.nut.history import History
from services.sensor_reader.core.nut.meaning import interpret
from services.sensor_reader.core.polling.remote_devices import RemoteDevice, frame_of
from shared.messages import Event, Frame

POLLS = 120
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
CONFIG = Path(__file__).resolve().parents[1] / "config"
_LINE = re.compile(r"^([A-Za-z0-9_.-]+):\s*([^#]*)")


@dataclass(frozen=True, slots=True)
class Dump:
    """One device's variables, and its first frame."""

    name: str
    variables: Mapping[str, str]
    frame: Frame

    @property
    def words(self) -> set[str]:
        """The words of its status."""
        return set(self.variables.get("ups.status", "").split())

    def is_so(self, channel: str, value: object = True) -> bool:
        """Whether a channel of its frame is that."""
        return self.frame.values.get(channel) is value

    def above(self, channel: str, limit: float) -> bool:
        """Whether a channel is a number above the limit."""
        value = self.frame.values.get(channel)
        return isinstance(value, float | int) and value > limit


Carried = Callable[[Dump], bool]
TEMPERATURES = ("board_temperature", "battery_temperature")
CARRIED: dict[str, Carried] = {
    # event                 what of the dump carries it
    "STARTED_ON_BATTERY": lambda dump: "OB" in dump.words,
    "AC_POWER_LOSS": lambda dump: "OB" in dump.words,
    "BATTERY_LOW": lambda dump: {"OB", "LB"} <= dump.words or ("LB" in dump.words and "OL" not in dump.words),
    "BATTERY_REPLACE": lambda dump: "RB" in dump.words,
    "OVERLOAD": lambda dump: "OVER" in dump.words or dump.above("output_load", 100),
    "UPS_BYPASS": lambda dump: "BYPASS" in dump.words,
    "UPS_CALIBRATION": lambda dump: "CAL" in dump.words,
    "UPS_ALARM": lambda dump: "ALARM" in dump.words,
    "FORCED_SHUTDOWN": lambda dump: "FSD" in dump.words,
    "MAINS_REGULATED": lambda dump: bool({"BOOST", "TRIM"} & dump.words),
    "DC_OUTPUT_LOSS": lambda dump: "OFF" in dump.words and dump.is_so("output_on", False),
    "POWER_INSUFFICIENT": lambda dump: {"OL", "DISCHRG"} <= dump.words,
    "CHARGING_STARTED": lambda dump: dump.is_so("charging"),
    "SELF_TEST_STARTED": lambda dump: "progress" in dump.variables.get("ups.test.result", "").lower(),
    "SELF_TEST_FAILED": lambda dump: dump.frame.values.get("self_test") == "failed",
    "TEMPERATURE_HIGH": lambda dump: any(dump.above(channel, 60) for channel in TEMPERATURES),
    "THERMAL_SHUTDOWN": lambda dump: any(dump.above(channel, 70) for channel in TEMPERATURES),
    "COMM_LOST": lambda dump: not dump.frame.values,
    "DATA_IMPLAUSIBLE": lambda dump: any(error.code == "implausible" for error in dump.frame.errors),
    "sensor.temperature": lambda dump: dump.above("air_temperature", -273),
    "sensor.humidity": lambda dump: dump.above("relative_humidity", -1),
    "sensor.vpd": lambda dump: dump.above("air_temperature", -273) and dump.above("relative_humidity", -1),
    "sensor.threshold.exceeded": lambda dump: dump.above("air_temperature", 35) or dump.above("relative_humidity", 80),
}  # fmt: skip


def read(text: str) -> dict[str, str]:
    """Return the variables of a dump; what follows a # is a person's remark."""
    found = (_LINE.match(line) for line in text.splitlines())
    return {match[1]: match[2].strip() for match in found if match}


def frames(variables: Mapping[str, str]) -> Iterator[Frame]:
    """Yield a frame a second."""
    history, device = History(), RemoteDevice("library", "nut:ups@library", 1.0, 1.0)
    for second in range(POLLS):
        reading, history = interpret(variables, history)
        frame = frame_of(device, reading, START + timedelta(seconds=second))
        if frame is not None:
            yield frame


def events(compiled: CompiledRules, played: list[Frame]) -> list[Event]:
    """Return what event_processor tells of the frames."""
    memory = NOTHING
    told: list[Event] = []
    for frame in played:
        outcome = process_frame(compiled, memory, frame)
        memory = outcome.memory
        told += outcome.events
    return told


def main(folder: Path) -> int:
    """Play all dumps below the folder; returns the exit code."""
    compiled = load(CONFIG, {})
    dumps, types, devices, uncarried = 0, Counter[str](), Counter[str](), list[str]()
    for path in sorted(folder.rglob("*.dev")):
        variables = read(path.read_text(encoding="utf-8", errors="replace"))
        played = list(frames(variables))
        dumps += 1
        dump = Dump(path.stem, variables, played[0])
        found = Counter(event.type for event in events(compiled, played))
        types += found
        devices += Counter(found.keys())
        uncarried += [
            f"{dump.name}: {name} ({variables.get('ups.status', '')})"
            for name in found
            if name not in CARRIED or not CARRIED[name](dump)
        ]
    print(f"{dumps} dumps, {POLLS} polls each")
    for name in sorted(types):
        print(f"{name:28} {types[name]:7} of {devices[name]:4} devices")
    for line in uncarried:
        print(f"not carried by its words: {line}")
    return 1 if uncarried or not dumps else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
