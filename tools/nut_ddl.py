"""Play the public dumps of NUT's device library, and say which events come of what those UPSs say.

    git clone https://github.com/networkupstools/nut-ddl
    python -m tools.nut_ddl nut-ddl

Each dump is polled once a second for two minutes, over sensor_reader's meaning and event_processor's rules as shipped.
Every event must be carried by the dump's own words and figures; what is not is listed, and makes the exit code 1.
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
from services.sensor_reader.core.nut.numbers import number
from services.sensor_reader.core.polling.remote_devices import RemoteDevice, frame_of
from shared.messages import Event, Frame

POLLS = 120
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
CONFIG = Path(__file__).resolve().parents[1] / "config"
_LINE = re.compile(r"^([A-Za-z0-9_.-]+):\s*([^#]*)")


@dataclass(frozen=True, slots=True)
class Dump:
    """One device's variables, as they stand in the file; nothing that was worked out of them."""

    name: str
    variables: Mapping[str, str]

    @property
    def words(self) -> set[str]:
        """The words of its status."""
        return set(self.variables.get("ups.status", "").split())

    def says(self, *words: str) -> bool:
        """Whether all these words are in its status."""
        return self.words.issuperset(words)

    def text(self, name: str) -> str:
        """A variable in small letters, empty where it is missing."""
        return self.variables.get(name, "").lower()

    def number(self, name: str) -> float | None:
        """A variable's number; None where it is missing or none."""
        return number(self.variables, name)

    def above(self, limit: float, *names: str) -> bool:
        """Whether one of the variables is a number above the limit."""
        return any((value := self.number(name)) is not None and value > limit for name in names)

    def is_odd(self) -> bool:
        """Whether a variable is no number, or one that no device of its kind can have."""
        for name, (low, high) in BELIEVABLE.items():
            if self.text(name) and not ((value := self.number(name)) is not None and low <= value <= high):
                return True
        volts, nominal = self.number("battery.voltage"), self.number("battery.voltage.nominal")
        if volts and nominal and volts > 4 * nominal:
            return True
        amperes, load = self.number("output.current"), self.number("ups.load")
        power, mains = self.number("ups.power.nominal"), self.number("output.voltage.nominal")
        if amperes and power and mains and load is not None and load <= 100 and amperes * mains > power:
            return True
        return self.above(100, "ups.load") and not self.says("OVER")


Carried = Callable[[Dump], bool]
BELIEVABLE = {  # written down apart from the reader's own limits, to compare the two
    "battery.charge": (0, 100), "battery.voltage": (0, 1000), "battery.runtime": (0, 1e7), "ups.load": (0, 1000),
    "battery.temperature": (-40, 120), "ups.temperature": (-40, 125), "ambient.temperature": (-40, 85),
    "ambient.humidity": (0, 100), "input.voltage": (0, 600), "output.voltage": (0, 600),
    "input.frequency": (0, 500), "output.frequency": (0, 500), "input.current": (-5000, 5000),
}  # fmt: skip
AIR, HUMIDITY = ("ambient.temperature", "ambient.1.temperature"), ("ambient.humidity", "ambient.1.humidity")
INNER = ("ups.temperature", "battery.temperature")
CARRIED: dict[str, Carried] = {
    # event                 what of the dump carries it
    "STARTED_ON_BATTERY": lambda dump: dump.says("OB"),
    "AC_POWER_LOSS": lambda dump: dump.says("OB"),
    "BATTERY_LOW": lambda dump: dump.says("LB") and not dump.says("OL"),
    "BATTERY_REPLACE": lambda dump: dump.says("RB"),
    "OVERLOAD": lambda dump: dump.says("OVER"),
    "UPS_BYPASS": lambda dump: dump.says("BYPASS"),
    "UPS_CALIBRATION": lambda dump: dump.says("CAL"),
    "UPS_ALARM": lambda dump: dump.says("ALARM"),
    "FORCED_SHUTDOWN": lambda dump: dump.says("FSD"),
    "MAINS_REGULATED": lambda dump: dump.says("BOOST") or dump.says("TRIM"),
    "DC_OUTPUT_LOSS": lambda dump: dump.says("OFF") and not dump.above(0, "ups.load", "output.current"),
    "POWER_INSUFFICIENT": lambda dump: dump.says("OL", "DISCHRG"),
    "CHARGING_STARTED": lambda dump: dump.says("CHRG") or dump.text("battery.charger.status") == "charging",
    "SELF_TEST_STARTED": lambda dump: "progress" in dump.text("ups.test.result"),
    "SELF_TEST_FAILED": lambda dump: any(
        word in dump.text("ups.test.result") for word in ("fail", "error", "warning", "bad")
    ),
    "TEMPERATURE_HIGH": lambda dump: dump.above(60, *INNER),
    "COMM_LOST": lambda dump: not dump.words,
    "DATA_IMPLAUSIBLE": Dump.is_odd,
    "sensor.temperature": lambda dump: dump.above(-41, *AIR),
    "sensor.humidity": lambda dump: dump.above(-1, *HUMIDITY),
    "sensor.vpd": lambda dump: dump.above(-41, *AIR) and dump.above(-1, *HUMIDITY),
    "sensor.threshold.exceeded": lambda dump: dump.above(35, *AIR) or dump.above(80, *HUMIDITY),
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
    """Return the events that event_processor makes of the frames."""
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
        dump = Dump(path.stem, variables)
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
