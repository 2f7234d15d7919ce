"""How sensors of the air, of light and of soil want to be asked: each trap of each chip, on a bus with its manners."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest

from services.sensor_reader.adapters.simulated.air_chips import Ads1115, Aht, Bh1750, Bme280, PeriodicChip
from services.sensor_reader.adapters.simulated.bus import Fault, SimulatedBus
from services.sensor_reader.adapters.simulated.chips import RegisterChip, SimulatedChip
from services.sensor_reader.adapters.simulated.parts import SIMULATED
from services.sensor_reader.core.bus.chip_io import ChipAddress, ChipMemory, read_chip
from services.sensor_reader.core.bus.interleave import interleave
from services.sensor_reader.core.chips import AIR, CHIPS, LIGHT_AND_SOIL
from services.sensor_reader.core.chips.mount import Analog, Mount
from services.sensor_reader.core.polling.device import ChipPart, Device
from services.sensor_reader.core.polling.poll import poll_device
from services.sensor_reader.core.polling.probe import probe
from services.sensor_reader.core.polling.scan import scan
from services.sensor_reader.core.ports import BusError, Ports
from services.sensor_reader.core.reading import Reading

ROOM = {"2400": "66668000", "fd": "66668000", "ac3300": "1c800005ffff", "ec05": "01f466675eb9", "00": "1900",
        "0300": "43db8c2e41d9e7ff42433a1b", "01 20": "8390"}  # fmt: skip


class Bench:
    """One simulated chip, and what our driver remembers of it."""

    def __init__(self, kind: str, mount: Mount | None = None, chip: SimulatedChip | None = None) -> None:
        self.bus = Written()
        self.mount = mount or Mount()
        self.table = CHIPS[kind].on(self.mount)
        self.address = self.table.addresses[0]
        self.chip = chip or SIMULATED[kind](self.address)
        self.bus.attach(self.address, self.chip)
        self.memory = ChipMemory()
        self.show({name: wire for name, wire in ROOM.items() if name in {block.name for block in self.table.blocks()}})

    def show(self, held: dict[str, str]) -> None:
        """Let the chip measure this."""
        for block in self.table.blocks():
            if block.name in held:
                self.bus.hold(self.address, block, bytes.fromhex(held[block.name]))

    def poll(self, after_s: float = 0.0) -> Reading:
        """Ask once, some time later."""
        self.bus.wait(after_s)
        asked = read_chip(self.table, ChipAddress(self.bus, self.address), self.mount, self.memory, self.bus.now)
        [(reading, self.memory)] = interleave([asked], self.bus.wait)
        return reading


class Written(SimulatedBus):
    """A simulated bus that keeps what was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    def write(self, address: int, data: bytes) -> None:
        """Write, and note it."""
        self.written.append(data.hex())
        super().write(address, data)


@pytest.mark.parametrize("kind", ["sht3x", "sht4x", "bh1750", "tmp102"])
def test_a_sensor_that_sleeps_is_read_at_once_and_again(kind: str) -> None:
    """Every poll measures anew, from the first on."""
    bench = Bench(kind)

    assert bench.poll().values
    assert bench.poll().values


def test_an_sht3x_is_never_asked_to_hold_the_clock() -> None:
    """0x2400 and not 0x2C06, which the simulated one refuses."""
    bench = Bench("sht3x")
    bench.poll()

    assert bench.bus.written == ["2400"]
    with pytest.raises(BusError, match="nack"):
        bench.bus.write(bench.address, b"\x2c\x06")


def test_a_flipped_bit_is_a_wrong_crc_of_every_sealed_sensor() -> None:
    """SHT3x, SHT4x, AHT20, SCD4x and SCD30: nothing is believed of such an answer."""
    for kind in ("sht3x", "sht4x", "aht20", "scd4x", "scd30"):
        bench = Bench(kind)
        for _ in range(3):
            bench.poll(70.0)
        bench.bus.break_chip(bench.address, Fault("noise"))
        with pytest.raises(BusError, match="crc"):
            bench.poll(70.0)


@pytest.mark.parametrize(("kind", "initialise"), [("aht20", "be0800"), ("aht10", "e10800")])
def test_an_aht_is_initialised_once_by_its_own_command(kind: str, initialise: str) -> None:
    """After power-on the first poll initialises and gives nothing; then every poll measures."""
    bench = Bench(kind)
    first, second, third = bench.poll(), bench.poll(1), bench.poll(1)

    assert first == Reading(waits=True)
    assert second.values == third.values == {
        "air_temperature": pytest.approx(25.0, abs=1e-3), "relative_humidity": pytest.approx(50.0)
    }  # fmt: skip
    assert bench.bus.written == [initialise, "ac3300", "ac3300"]


def test_an_aht_that_has_lost_its_calibration_is_reported() -> None:
    """A brown-out between two polls: one error, and then values again."""
    bench = Bench("aht20")
    bench.poll()
    bench.poll(1)
    assert isinstance(bench.chip, Aht)
    bench.chip.calibrated = False

    assert ["reset"] == [doubt.code for doubt in bench.poll(1).doubts]
    assert bench.poll(1).values


class Slow(Aht):
    """One that takes half a second."""

    def write(self, data: bytes, now: float) -> None:
        """Take longer."""
        super().write(data, now)
        self._busy_until += 0.5 if data[:1] == b"\xac" else 0.0


def test_an_aht_that_is_still_busy_is_not_believed() -> None:
    """What it shows is the value before."""
    bench = Bench("aht20", chip=Slow(b"\xbe\x08\x00", sealed=True))
    bench.poll()

    with pytest.raises(BusError, match="busy"):
        bench.poll(1)


def humid(bench: Bench) -> None:
    """Let a BME280 have its trimming and sense something."""
    trim = struct.pack("<HhhHhhhhhhhhxB", 28485, 26735, 50, 36738, -10635, 3024, 6980, -4, -7, 9900, -10230, 4285, 75)
    trim_h = struct.pack("<hBbBbb", 370, 0, 19, 0x29, 3, 30)
    bench.show({"88": trim.hex(), "e1": trim_h.hex(), "f201 f425 f3": "00250000" + "559f00" + "82ca00" + "6e80"})


def test_a_bme280_is_set_for_humidity_before_it_measures() -> None:
    """ctrl_hum, then ctrl_meas; the other way round the humidity is skipped."""
    bench = Bench("bme280")
    humid(bench)

    assert {"air_temperature", "relative_humidity", "air_pressure"} == bench.poll().values.keys()
    assert bench.bus.written == ["f201", "f425"]
    fresh = Bme280()
    humid(Bench("bme280", chip=fresh))
    fresh.write(b"\xf4\x25", 0.0)
    fresh.write(b"\xf2\x01", 0.0)
    assert fresh.exchange(b"\xfd", 2, 1.0) == b"\x80\x00"


class Sluggish(Bme280):
    """One that measures for a second."""

    def write(self, data: bytes, now: float) -> None:
        """Take longer."""
        super().write(data, now)
        if data[:1] == b"\xf4":
            self._until = now + 1.0


def test_a_bme280_that_still_measures_is_not_believed() -> None:
    """Its status says so in the same transaction."""
    bench = Bench("bme280", chip=Sluggish())
    humid(bench)

    with pytest.raises(BusError, match="busy"):
        bench.poll()


def test_a_bmp280_is_found_out() -> None:
    """It has no humidity, and 0x58 where a BME280 has 0x60."""
    bench = Bench("bme280")
    assert isinstance(bench.chip, RegisterChip)
    bench.chip.registers[0xD0] = 0x58
    device = Device("room", (ChipPart(bench.table, 1, bench.address, Mount()),))
    [finding] = probe([device], Ports({1: bench.bus}))

    assert "0x0058, which no bme280 shows" in finding.detail
    assert bench.bus.written == []


@pytest.mark.parametrize(("kind", "start", "patience_s"), [("scd4x", "21b1", 35), ("scd30", "0010000081", 60)])
def test_a_sensor_of_co2_is_started_only_when_it_is_silent(kind: str, start: str, patience_s: float) -> None:
    """After power-on: asked in vain, started, and read 5 s later. Nothing is new in between."""
    bench = Bench(kind)
    silent = [bench.poll(after_s) for after_s in (0, patience_s / 2, patience_s / 2)]

    assert silent == [Reading(waits=True)] * 3
    assert start in bench.bus.written
    assert {"co2", "air_temperature", "relative_humidity"} == bench.poll(6).values.keys()
    assert bench.poll(0.5) == Reading(waits=True)
    assert bench.poll(6).values
    assert bench.bus.written.count(start) == 1


@pytest.mark.parametrize("kind", ["scd4x", "scd30"])
def test_a_sensor_of_co2_that_measures_is_not_started_again(kind: str) -> None:
    """The service started anew, the chip did not."""
    bench = Bench(kind)
    chip = bench.chip
    assert isinstance(chip, PeriodicChip)
    start = CHIPS[kind].periodic
    assert start is not None
    chip.write(start.start.data, 0.0)

    assert bench.poll(6).values
    assert start.start.data.hex() not in bench.bus.written


def test_an_scd4x_takes_nothing_else_while_it_measures() -> None:
    """Not its serial number, and no second start: they are not acknowledged, and never sent."""
    bench = Bench("scd4x")
    assert isinstance(bench.chip, PeriodicChip)
    bench.chip.write(b"\x21\xb1", 0.0)
    for command in (b"\x36\x82", b"\x21\xb1", b"\x36\x46"):
        with pytest.raises(BusError, match="nack"):
            bench.bus.write(bench.address, command)
    bench.bus.written.clear()

    assert bench.poll(6).values
    assert bench.bus.written == ["e4b8", "ec05"]


def test_nobody_says_who_is_at_62() -> None:
    """SCD4x and CW2015 share the address: the scan names all that may be, is not certain, and writes nothing."""
    bench = Bench("scd4x")
    [found] = scan(bench.bus, CHIPS.values(), [0x62])

    assert "scd4x" in found.kinds
    assert not found.certain
    assert bench.bus.written == []


def test_an_scd30_wants_a_stop_and_three_milliseconds() -> None:
    """A repeated START is refused, and a read too soon; ours waits 4 ms."""
    bench = Bench("scd30")

    with pytest.raises(BusError, match="nack"):
        bench.bus.exchange(bench.address, b"\x02\x02", 3)
    bench.bus.write(bench.address, b"\x02\x02")
    bench.bus.wait(0.0029)
    with pytest.raises(BusError, match="nack"):
        bench.bus.read(bench.address, 3)
    assert bench.poll() == Reading(waits=True)


def test_an_scd30_whose_clock_was_stretched_too_far_is_asked_again() -> None:
    """For 150 ms, once a day: what a Raspberry Pi then reads fails its CRC, and the poll tries again."""
    bench = Bench("scd30")
    assert isinstance(bench.chip, PeriodicChip)
    bench.bus.write(bench.address, bytes.fromhex("0010000081"))
    bench.bus.wait(3.0)
    bench.bus.break_chip(bench.address, Fault("noise", times=1))
    device = Device("room", (ChipPart(bench.table, 1, bench.address, bench.mount),))
    frame = poll_device(device, Ports({1: bench.bus}), datetime(2026, 1, 1, tzinfo=UTC), bench.bus.wait)

    assert frame is not None
    assert frame.values.keys() == {"co2", "air_temperature", "relative_humidity"}
    assert frame.errors == ()


def test_an_scd30s_start_without_its_crc_is_not_taken() -> None:
    """The argument is sealed as answers are."""
    bench = Bench("scd30")

    with pytest.raises(BusError, match="nack"):
        bench.bus.write(bench.address, b"\x00\x10\x00\x00\x00")


def test_a_bh1750_sleeps_after_every_measurement_and_is_woken() -> None:
    """Read without a new start it would show the old light."""
    bench = Bench("bh1750")
    bench.poll()
    assert isinstance(bench.chip, Bh1750)
    assert not bench.chip.awake
    bench.show({"01 20": "0078"})

    assert bench.bus.read(bench.address, 2).hex() == "8390"
    assert bench.poll().values["illuminance"] == pytest.approx(100.0)


def test_a_tmp102_that_was_shut_down_is_woken() -> None:
    """It would show its last temperature for ever."""
    bench = Bench("tmp102")
    assert isinstance(bench.chip, RegisterChip)
    bench.chip.registers[0x01] |= 0x0100

    assert bench.poll() == Reading(waits=True)
    assert bench.chip.registers[0x01] == 0x60A0
    assert bench.poll().values == {"board_temperature": 25.0}


TWO = Mount(analog=(Analog(0, "soil_moisture", gain=10.0), Analog(2, "output_voltage", 3, 2.048, gain=11.0)))


def volts(bench: Bench, **by_mux: float) -> None:
    """Put voltages on the inputs, by their setting of the multiplexer."""
    assert isinstance(bench.chip, Ads1115)
    bench.chip.volts |= {int(name[1:]): value for name, value in by_mux.items()}


def test_an_ads1115_converts_each_input_in_use_by_itself() -> None:
    """One conversion each, started, waited for and read; single-ended and differential, each in its range."""
    bench = Bench("ads1115", TWO)
    volts(bench, m4=2.5, m3=1.2)

    assert bench.poll().values == pytest.approx({"soil_moisture": 25.0, "output_voltage": 13.2}, abs=1e-3)
    assert isinstance(bench.chip, Ads1115)
    assert bench.chip.conversions == 2
    assert [word for word in bench.bus.written if len(word) == 6] == ["01c383", "01b583"]


def test_an_ads1115_never_shows_the_input_before() -> None:
    """The inputs trade voltages between polls, and so do the values."""
    bench = Bench("ads1115", Mount(analog=(Analog(0, "ain0_voltage"), Analog(1, "ain1_voltage"))))
    for first, second in ((1.0, 3.0), (3.0, 1.0)):
        volts(bench, m4=first, m5=second)
        assert bench.poll().values == pytest.approx({"ain0_voltage": first, "ain1_voltage": second})


def test_an_ads1115_without_more_said_gives_four_voltages() -> None:
    """Against ground, ±4.096 V."""
    bench = Bench("ads1115")
    volts(bench, m4=0.1, m5=0.2, m6=0.3, m7=0.4)

    assert bench.poll().values == pytest.approx({f"ain{n}_voltage": (n + 1) / 10 for n in range(4)}, abs=1e-3)


class Idle(Ads1115):
    """One that never ends a conversion."""

    def _finish(self, now: float) -> None:
        """Go on converting."""


def test_an_ads1115_whose_conversion_does_not_end_is_busy() -> None:
    """OS is looked at a few times, not for ever."""
    bench = Bench("ads1115", chip=Idle())

    with pytest.raises(BusError, match="busy"):
        bench.poll()


@pytest.mark.parametrize("chip", [*AIR, *LIGHT_AND_SOIL], ids=lambda chip: chip.kind)
def test_nothing_is_written_to_find_a_sensor(chip: object) -> None:
    """Probing reads, or only addresses."""
    bench = Bench(chip.kind)  # type: ignore[attr-defined]
    [finding] = probe([Device("room", (ChipPart(bench.table, 1, bench.address, Mount()),))], Ports({1: bench.bus}))

    assert finding.answers
    assert bench.bus.written == []
