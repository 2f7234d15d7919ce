"""From a source's name to its feed, and what a person is told on the way."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.sensor_reader.adapters.machine.smbus import SmBus
from services.sensor_reader.adapters.sources.open_source import OpenedSource, Options, SourceError, open_source
from services.sensor_reader.adapters.sources.recording import RecordingError
from services.sensor_reader.core.ports import BusError
from services.sensor_reader.settings import Configuration, DeviceSettings, NutSettings, ReaderSettings, load
from shared.messages import Frame, Quality

SHIPPED = load(Path(__file__).parents[3] / "config", {})


def opened(text: str, empty: Path, configuration: Configuration = SHIPPED) -> OpenedSource:
    return open_source(text, configuration, Options(dev=empty, root=empty), lambda _: None, now=0.0)


def test_a_scenario_is_played_by_name(tmp_path: Path) -> None:
    """And told with what it shows."""
    result = opened("sim:overheat", tmp_path)

    assert (result.feed.name, result.feed.has_life, result.feed.live) == ("sim:overheat", True, False)
    assert result.notes[0].startswith("playing the simulated scenario overheat: ")


def test_without_a_name_the_simulator_plays_an_outage(tmp_path: Path) -> None:
    """``sim`` is ``sim:outage``."""
    assert opened("sim", tmp_path).feed.name == "sim:outage"


def test_auto_without_hardware_simulates_and_says_so_loudly(tmp_path: Path) -> None:
    """Which chip did not answer, and why, and how to insist."""
    result = opened("auto", tmp_path)

    assert result.feed.name == "sim:outage"
    assert result.notes[0] == (
        "source auto: NO HARDWARE ANSWERS, so what follows is SIMULATED and no reading of yours (max17043@0x36 on bus"
        f" 1: at 0x36: {tmp_path}/i2c-1: there is no such bus; switch I2C on (raspi-config, or dtparam=i2c_arm=on), or"
        " pass the device into the container). Set source to i2c to insist on the hardware"
    )


def test_hardware_is_polled_even_when_it_does_not_answer(tmp_path: Path) -> None:
    """``i2c`` insists; what this machine cannot read is left out and told once."""
    result = opened("i2c", tmp_path)

    assert (result.feed.name, result.feed.has_life, result.feed.live) == ("i2c", True, True)
    assert [text.split(":")[0] for text in result.notes] == ["ups", "host", "ups"]
    assert "ac_present is left out" in result.notes[0]
    assert "cpu_temperature is left out" in result.notes[1]
    assert "there is no such bus" in result.notes[2]
    result.close()


def test_a_recording_is_looked_at_before_it_is_played(tmp_path: Path) -> None:
    """A missing file is found out at the start."""
    with pytest.raises(RecordingError, match="cannot be read"):
        opened(f"recording:{tmp_path}/none.csv", tmp_path)


@pytest.mark.parametrize(("text", "message"), [
    ("sim:outtage", "source 'sim:outtage': no such scenario; did you mean 'outage'?"),
    ("simulator", "source 'simulator': must be auto, i2c, sim:SCENARIO or recording:FILE[,FILE…]"),
    ("i2c:1", "source 'i2c:1': must be auto, i2c, sim:SCENARIO or recording:FILE[,FILE…]"),
    ("recording:", "source 'recording:': name a file, e.g. recording:discharge.csv"),
])  # fmt: skip
def test_a_source_that_is_none_is_explained(tmp_path: Path, text: str, message: str) -> None:
    """With what would be right."""
    with pytest.raises(SourceError) as caught:
        opened(text, tmp_path)
    assert message == str(caught.value)


def test_hardware_without_devices_is_refused(tmp_path: Path) -> None:
    """There would be nothing to read, for ever."""
    with pytest.raises(SourceError, match="names no devices"):
        opened("i2c", tmp_path, Configuration(ReaderSettings(), SHIPPED.boards))


def test_a_file_that_is_no_bus_is_an_error_of_the_bus(tmp_path: Path) -> None:
    """Whatever is called i2c-1, a reader does not fall over it."""
    (tmp_path / "i2c-1").write_text("")

    with pytest.raises(BusError, match=r"Inappropriate ioctl|Function not implemented"):
        SmBus(1, tmp_path).read_word(0x36, 2)


def test_auto_takes_a_configured_server_for_hardware(tmp_path: Path) -> None:
    """Whoever names a UPS of a NUT server has one: nothing is simulated, whether it answers or not."""
    nut = DeviceSettings(name="rack_ups", nut=NutSettings(ups="rack", port=1))
    result = opened("auto", tmp_path, Configuration(ReaderSettings(devices=(nut,)), SHIPPED.boards))

    assert ("i2c", ("source auto: reading the hardware: rack_ups (nut:rack@127.0.0.1) is to be asked",)) == (
        result.feed.name, result.notes)  # fmt: skip
    result.close()


def test_the_hosts_own_state_is_read_where_there_is_no_thermometer(tmp_path: Path) -> None:
    """The device stays, with what this machine shows."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "uptime").write_text("12.5 3\n")
    host = DeviceSettings(name="host", host=True)
    result = opened("i2c", tmp_path, Configuration(ReaderSettings(devices=(host,)), SHIPPED.boards))
    [frame] = result.feed.poll(0.0, datetime(2026, 1, 31, tzinfo=UTC), 10)

    assert isinstance(frame, Frame)
    assert ({"uptime": 12.5}, Quality.GOOD) == (frame.values, frame.quality)
