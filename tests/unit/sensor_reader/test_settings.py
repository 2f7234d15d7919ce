"""Settings: what is shipped loads, what a user adds works, and each mistake is told in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.sensor_reader.core.chips.mount import Input, Mount
from services.sensor_reader.core.polling.device import ChipPart, HostPart, LinePart, VitalsPart
from services.sensor_reader.core.polling.remote_devices import RemoteDevice
from services.sensor_reader.settings import load
from shared.settings import ConfigError
from tests.support.wires import understood

CONFIG = Path(__file__).parents[3] / "config"
BROKEN = Path(__file__).parents[2] / "broken_configs" / "sensor_reader"


def write(folder: Path, reader: str = "", boards: str = "boards: {geekworm_x1201: {title: t, cells: 1, "
          "chemistry: li_ion, chips: [{chip: max17043, address: 0x36}]}}") -> Path:  # fmt: skip
    (folder / "sensor_reader.yaml").write_text(reader)
    (folder / "boards.yaml").write_text(boards)
    return folder


def test_the_shipped_files_load() -> None:
    """The default is the seed's board, with its mains line, and the host."""
    ups, host = load(CONFIG, {}).devices()

    assert [part.name for part in ups.parts] == ["max17043@0x36", "gpio6"]
    assert (HostPart(), VitalsPart()) == host.parts


@pytest.mark.parametrize(("board", "address", "mount", "mains_high"), [
    ("geekworm_x1201", 0x36, Mount(), True),
    ("geekworm_x728", 0x36, Mount(), False),
    ("waveshare_ups_hat_b", 0x42, Mount(shunt_ohm=0.1, cells=2), None),
    ("waveshare_ups_hat_d", 0x43, Mount(shunt_ohm=0.01, current_sign=-1), None),
])  # fmt: skip
def test_the_shipped_boards_are_wired_as_they_are(
    board: str,
    address: int,
    mount: Mount,
    mains_high: bool | None,
) -> None:
    """Addresses, cells, shunts, signs and the two opposite mains lines."""
    [ups, _] = load(CONFIG, {"UPSKEEP_SENSOR_READER__DEVICES__0__BOARD": board}).devices()
    chips = [part for part in ups.parts if isinstance(part, ChipPart)]
    lines = [part.high_means_mains for part in ups.parts if isinstance(part, LinePart)]

    assert [(address, mount)] == [(part.address, part.mount) for part in chips]
    assert ([] if mains_high is None else [mains_high]) == lines


def test_a_user_adds_a_board_without_code(tmp_path: Path) -> None:
    """A profile of one's own, on another bus than it says."""
    boards = ("boards: {mine: {title: My HAT, bus: 10, cells: 3, chemistry: lifepo4, "
              "chips: [{chip: ina219, address: 0x41, shunt_ohm: 0.05}]}}")  # fmt: skip
    folder = write(tmp_path, "devices: [{name: shed, zone: garden, board: mine, bus: 3}]\nsimulation: {board: mine}",
                   boards)  # fmt: skip
    [shed] = load(folder, {}).devices()
    [part] = shed.parts

    assert (shed.name, shed.zone) == ("shed", "garden")
    assert isinstance(part, ChipPart)
    assert (3, 0x41, Mount(shunt_ohm=0.05, cells=3)) == (part.bus, part.address, part.mount)


def test_a_chip_alone_is_a_device(tmp_path: Path) -> None:
    """Without a board, with what it measures."""
    folder = write(tmp_path, "devices: [{name: rail, chip: ina219, address: 0x40, shunt_ohm: 0.1, measures: output}]")
    [part] = load(folder, {}).devices()[0].parts

    assert isinstance(part, ChipPart)
    assert (1, Mount("output", shunt_ohm=0.1)) == (part.bus, part.mount)


def test_a_chip_with_several_inputs_needs_to_know_what_each_measures(tmp_path: Path) -> None:
    """By the number in the datasheet; those not named are not in use."""
    inputs = "{3: {measures: output, shunt_ohm: 0.05}, 1: {measures: battery, shunt_ohm: 0.1, current_sign: -1}}"
    folder = write(tmp_path, f"devices: [{{name: rail, chip: ina3221, address: 0x41, inputs: {inputs}}}]")
    [part] = load(folder, {}).devices()[0].parts

    assert isinstance(part, ChipPart)
    assert (Input(1, "battery", 0.1, -1), Input(3, "output", 0.05)) == part.mount.inputs


def test_a_voltage_means_what_the_settings_say(tmp_path: Path) -> None:
    """Soil by two points, a divider's factor, and the voltage itself between two inputs; only these are converted."""
    soil_and_output = "0: {as: soil_moisture, dry_v: 2.5, wet_v: 0.5}, 1: {as: output_voltage, gain: 11, offset: 0.1}"
    analog = f"{{{soil_and_output}, 2: {{minus: 3}}}}"
    folder = write(tmp_path, f"devices: [{{name: bed, chip: ads1115, address: 0x48, analog: {analog}}}]")
    [part] = load(folder, {}).devices()[0].parts
    assert isinstance(part, ChipPart)
    soil, output, between = part.mount.analog

    assert (50.0, 100.0, 0.0) == (soil.value(1.5), soil.value(0.1), soil.value(3.0))
    assert (output.channel, output.value(1.0)) == ("output_voltage", 11.1)
    assert (between.channel, between.name, between.value(-0.25)) == ("ain2_voltage", "ain2-ain3", -0.25)
    assert ["ain0", "ain1", "ain2-ain3"] == [field.name for field in part.chip.fields]


@pytest.mark.parametrize("measures", ["air", "board", "battery"])
def test_a_thermometer_is_mounted_where_the_settings_say(tmp_path: Path, measures: str) -> None:
    """Its channel follows from that."""
    folder = write(tmp_path, f"devices: [{{name: t, chip: tmp102, address: 0x48, measures: {measures}}}]")
    [part] = load(folder, {}).devices()[0].parts

    assert isinstance(part, ChipPart)
    assert {f"{measures}_temperature": 25.0} == understood(part.chip, part.mount, {"00": "1900"}).values


def test_the_simulator_polls_the_chosen_board_and_the_host() -> None:
    """At the scenario's step."""
    ups, host = load(CONFIG, {"UPSKEEP_SENSOR_READER__SIMULATION__BOARD": "waveshare_ups_hat_d"}).simulated(10.0)

    assert (ups.name, [part.name for part in ups.parts], ups.interval_s) == ("ups", ["ina219@0x43"], 10.0)
    assert (host.name, host.interval_s) == ("host", 10.0)


def test_a_ups_of_a_nut_server_is_a_device_that_answers_later(tmp_path: Path) -> None:
    """It has no parts to poll; a poll may take as long as two answers."""
    folder = write(tmp_path, "devices: [{name: rack_ups, zone: attic, interval_s: 2, nut: {ups: rack, host: nas}}]")
    configuration = load(folder, {})
    [(device, remote)] = configuration.remote()

    assert () == configuration.devices()
    assert RemoteDevice("rack_ups", "nut:rack@nas", 2.0, 6.0, "attic") == remote
    assert device.nut is not None
    assert ("nas:3493", "off", None, False) == (
        device.nut.place, device.nut.tls, device.nut.username, device.nut.login)  # fmt: skip


def test_a_nut_server_is_given_with_all_there_is(tmp_path: Path) -> None:
    """User, password file, TLS."""
    folder = write(tmp_path, "devices: [{name: rack_ups, nut: {ups: rack, host: nas, port: 3494, username: me,"
                   " password_file: /run/secrets/nut, login: true, tls: require, ca_file: /etc/nut.pem}}]")  # fmt: skip
    nut = load(folder, {}).remote()[0][0].nut

    assert nut is not None
    assert ("me", Path("/run/secrets/nut"), Path("/etc/nut.pem")) == (nut.username, nut.password_file, nut.ca_file)


@pytest.mark.parametrize(("line", "part"), [
    ("{line: 6, high_means: mains}", LinePart(6, True)),
    ("{line: GPIO6, high_means: lost, bias: up, chip: pinctrl-rp1}", LinePart("GPIO6", False, "pinctrl-rp1", "up")),
])  # fmt: skip
def test_a_mains_line_is_wired_as_the_profile_says(tmp_path: Path, line: str, part: LinePart) -> None:
    """By number or name, with its pull and its chip."""
    boards = ("boards: {geekworm_x1201: {title: t, cells: 1, chemistry: li_ion, "
              f"chips: [{{chip: max17043, address: 0x36}}], ac_detect: {line}}}}}")  # fmt: skip
    [ups] = load(write(tmp_path, "devices: [{name: ups, board: geekworm_x1201}]", boards), {}).devices()

    assert part == ups.parts[-1]


def test_a_line_has_one_owner(tmp_path: Path) -> None:
    """Two boards on one pin are a mistake, as two chips at one address are."""
    boards = ("boards: {geekworm_x1201: {title: t, cells: 1, chemistry: li_ion, "
              "chips: [{chip: max17043, address: 0x36}], ac_detect: {line: 6, high_means: mains}}}")  # fmt: skip
    reader = "devices: [{name: a, board: geekworm_x1201}, {name: b, board: geekworm_x1201, bus: 3}]"

    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, reader, boards), {})
    assert ["gpio6 already belongs to device 'a'; a chip or line has one owner"] == [
        fault.reason for fault in caught.value.faults
    ]


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_mistake_is_explained_in_full(tmp_path: Path, path: Path) -> None:
    """The file holds one mistake; the .txt beside it is the whole message. A ``boards…`` file is a boards.yaml."""
    folder = write(tmp_path)
    name = "boards.yaml" if path.stem.startswith("boards_") else "sensor_reader.yaml"
    (folder / name).write_text(path.read_text())

    with pytest.raises(ConfigError) as caught:
        load(folder, {})
    assert path.with_suffix(".txt").read_text().strip() == str(caught.value).replace(f"{tmp_path}/", "")


def test_there_are_mistakes_to_try() -> None:
    """The folder of broken files is found."""
    assert len(list(BROKEN.glob("*.yaml"))) >= 12


def test_faults_of_both_files_come_together(tmp_path: Path) -> None:
    """One start tells all."""
    folder = write(tmp_path, "speeed: 1", "bords: {}")

    with pytest.raises(ConfigError) as caught:
        load(folder, {})
    assert [fault.path for fault in caught.value.faults] == ["speeed", "bords"]
