"""``upskeep init``: at a terminal of 80 columns, and with nobody to ask."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.brokers import free_port
from tests.support.fakes.upsd import FakeUpsd
from tests.support.live_suite import ROOT, command
from tests.support.nut.upsd import UPS
from tests.support.terminal import COLUMNS, Terminal
from upskeep.check import check_config
from upskeep.cli import cli
from upskeep.first_start.write import SHIPPED


def environ() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("UPSKEEP_")}
    return {**own, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "TERM": "dumb"}


def called(*arguments: object) -> Result:
    """Run a command in this process, whose input is no terminal."""
    return CliRunner().invoke(cli, [*map(str, arguments)], env={"UPSKEEP_CONFIG": None})


def changed(folder: Path) -> list[str]:
    """Return the lines of a configuration that are none of the shipped ones."""
    lines = []
    for file in sorted(folder.iterdir()):
        shipped = (SHIPPED / file.name).read_text().splitlines()
        lines += [line.split("#")[0].strip() for line in file.read_text().splitlines() if line not in shipped]
    return lines


def nobody(*options: object) -> tuple[object, ...]:
    """Return the options of a machine without a device, and of a NUT server that is none."""
    return ("init", "--dev", "/nonexistent", "--nut-server", f"127.0.0.1:{free_port()}", *options)


@pytest.fixture
def upsd():
    """A NUT server with a UPS; tests/contract/test_upsd.py holds it against Debian's."""
    server = FakeUpsd(None)
    server.start()
    yield server
    server.end()


def test_at_a_terminal_it_asks_shows_what_changes_and_writes_it(tmp_path):
    """The whole conversation, on a machine without hardware; no line is wider than the terminal."""
    config = tmp_path / "config"
    terminal = Terminal(command(*nobody("--config", "config")), tmp_path, environ())
    terminal.answer("Number [1]:", "2")
    terminal.answer("Board:", "waveshare_ups_hat_b")
    terminal.answer("Capacity:", "3000")
    terminal.answer("Site [home]:", "cabin")
    terminal.answer("Write this? [Y/n]:", "")
    code = terminal.end()

    assert 0 == code, terminal.shown
    assert "No hardware was found. The simulator needs none" in terminal.shown
    assert [] == [line for line in terminal.shown.splitlines() if len(line) > COLUMNS]
    expected = ["devices: {ups: {capacity_mah: 3000}}", "source: i2c", "board: waveshare_ups_hat_b", "site: cabin"]
    assert expected == changed(config)
    assert Path("data") == check_config(config, {}).suite.data


def test_a_no_leaves_everything_as_it_was_and_ends_with_1(tmp_path):
    """What somebody has changed is not overwritten by a mere Enter."""
    config = tmp_path / "config"
    assert 0 == called(*nobody("--config", config, "--yes")).exit_code
    before = {file.name: file.read_bytes() for file in config.iterdir()}

    terminal = Terminal(command(*nobody("--config", "config", "--simulate", "tent")), tmp_path, environ())
    terminal.answer("Site [home]:", "")
    terminal.answer("Write this? [y/N]:", "")
    code = terminal.end()

    assert (1, before) == (code, {file.name: file.read_bytes() for file in config.iterdir()}), terminal.shown


def test_with_nobody_to_ask_it_takes_the_options_or_says_what_it_wants(tmp_path):
    """--yes writes, --dry-run shows; without either nothing happens, and the exit code is 2."""
    config = tmp_path / "config"

    unasked = called(*nobody("--config", config))
    shown = called(*nobody("--config", config, "--dry-run", "--board", "geekworm_x728", "--bus", "3"))
    nothing_yet = config.exists()
    written = called(*nobody("--config", config, "--yes", "--site", "cabin"))
    again = called(*nobody("--config", config, "--yes", "--site", "cabin"))
    unknown = called(*nobody("--config", config, "--yes", "--board", "geekworm_x729"))

    assert (2, True) == (unasked.exit_code, "say --yes" in unasked.stderr)
    assert (0, False) == (shown.exit_code, nothing_yet)
    assert ["+source: i2c", "+    board: geekworm_x728  # a profile of boards.yaml", "+    bus: 3"] == [
        line for line in shown.stdout.splitlines() if line.startswith("+")
    ] or shown.stdout
    assert (0, ["source: sim:outage", "site: cabin"]) == (written.exit_code, changed(config))
    assert (0, True) == (again.exit_code, "nothing to change" in again.stdout)
    assert (2, True) == (unknown.exit_code, "did you mean" in unknown.stderr)


def test_a_ups_of_a_nut_server_is_found(upsd, tmp_path):
    """The server is asked which UPSs it knows; its first one is what is read."""
    config = tmp_path / "config"
    done = called(
        "init", "--config", config, "--dev", "/nonexistent", "--nut-server", f"127.0.0.1:{upsd.port}", "--yes"
    )

    assert 0 == done.exit_code, done.stdout + done.stderr
    assert f"NUT: 127.0.0.1:{upsd.port} knows {UPS}" in done.stdout
    assert ["source: i2c", f'nut: {{"ups": "{UPS}", "host": "127.0.0.1", "port": {upsd.port}}}'] == changed(config)
