"""``upskeep climate mode`` and its like: real processes, a real Mosquitto, and the levels of the actuators."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result

from shared.suite import SuiteSettings
from tests.support.brokers import MOSQUITTO, Broker, free_port
from tests.support.climate_processes import SAFE, House, Process, configure
from tests.support.waiting import until
from upskeep.cli import cli

Call = Callable[..., Result]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Controller and supervisor over simulated actuators of the zone tent, whose mode is Manual."""
    folder = tmp_path_factory.mktemp("climate")
    configure(folder)
    broker = Broker(MOSQUITTO, free_port(), folder / "broker")
    broker.start()
    processes = [Process(name, folder, broker.settings) for name in ("climate_supervisor", "climate_controller")]
    with House(SuiteSettings(broker=broker.settings)) as found:
        try:
            for process in processes:
                process.start()
            yield found
        finally:
            for process in reversed(processes):
                process.end()
            broker.stop()


@pytest.fixture
def call(house: House) -> Call:
    """Call `upskeep climate …` at the broker of the house."""

    def call(name: str, *arguments: str) -> Result:
        url = house.client.settings.url
        return CliRunner().invoke(cli, ["climate", name, "--broker", url, *arguments], catch_exceptions=False)

    return call


def test_levels_are_set_and_a_stop_puts_all_off_until_it_is_lifted(house: House, call: Call) -> None:
    """What a person does from the terminal, and what comes of it at the actuators."""
    assert "tent in the mode Manual: heater 100%, fan 40%" in call("levels", "tent", "heater=100", "fan=40").output
    until(lambda: (house.levels["heater"], house.levels["fan"]) == (1.0, 0.4), "heater and fan run")

    assert "tent is stopped by anna" in call("stop", "tent", "--by", "anna", "--why", "smoke").output
    until(lambda: house.levels == SAFE, "everything is safe")
    stopped = until(
        lambda: [event for event in house.offered("climate_supervisor") if event["type"] == "emergency.stop"],
        "the stop is an event",
    )
    assert [("anna", "smoke")] == [(event["data"]["by"], event["data"]["reason"]) for event in stopped]

    assert "the stop of tent is lifted" in call("release", "tent", "--by", "anna").output
    until(lambda: house.levels["heater"] == 1.0, "the heater runs again")
    refused = call("release", "tent", "--by", "anna")
    assert (1, True) == (refused.exit_code, "tent is not stopped" in refused.output)


def test_a_pause_a_target_and_a_mode_show_in_what_is_now(house: House, call: Call) -> None:
    """In words, and as JSON."""
    assert "tent aims at 1.2 kPa" in call("target", "tent", "1.2").output
    assert "tent is paused until" in call("pause", "tent", "--for", "15m").output
    until(lambda: house.levels["heater"] == 0.0, "the heater is off")
    assert json.loads(call("now", "--json").output)["tent"]["paused_until"] is not None
    assert "tent is no longer paused" in call("resume", "tent").output
    assert "tent is in the mode Observe" in call("mode", "tent", "Observe", "--why", "a look").output
    until(lambda: "aims at 1.20 kPa" in call("now").output, "the law has decided by the target")
    shown = call("now").output.splitlines()
    assert shown[0].startswith("tent: mode Observe, VPD ")
    assert {"heater", "fan", "gas"} == {row.split(":")[0].strip() for row in shown[1:]}
    assert "tent aims at what its settings say" in call("target", "tent", "--plan").output
    call("mode", "tent", "Manual")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("mode", "cellar", "Manual"), "no zone is called 'cellar'; there are tent"),
        (("target", "tent", "4.9"), "cannot be reached within the limits of tent"),
        (("target", "tent"), "give either a VPD in kPa or --plan"),
        (("levels", "tent", "fan=120"), "write ACTUATOR=PERCENT with 0 to 100, as in fan=40 (got 'fan=120')"),
        (("levels", "tent", "pump=1"), "tent has no actuator 'pump'"),
        (("pause", "tent", "--for", "long"), "--for"),
    ],
)
def test_what_cannot_be_done_says_why(call: Call, arguments: tuple[str, ...], complaint: str) -> None:
    """And ends with something else than 0."""
    result = call(*arguments)
    assert result.exit_code
    assert complaint in result.output
