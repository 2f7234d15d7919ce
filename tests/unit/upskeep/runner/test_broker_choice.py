"""Which broker a run starts, by what is wanted and what is installed."""

from __future__ import annotations

import pytest

from upskeep.runner.broker import BrokerError, choose

BOTH = ("mosquitto", "embedded")


@pytest.mark.parametrize(
    ("wanted", "here", "expected"),
    [
        ("auto", BOTH, "mosquitto"),
        ("auto", ("embedded",), "embedded"),
        ("auto", ("mosquitto",), "mosquitto"),
        ("embedded", BOTH, "embedded"),
        ("mosquitto", BOTH, "mosquitto"),
    ],
)
def test_an_installed_mosquitto_comes_first(wanted: str, here: tuple[str, ...], expected: str) -> None:
    """Unless the other one is asked for."""
    assert expected == choose(wanted, here)


@pytest.mark.parametrize(
    ("wanted", "here", "advice"),
    [
        ("auto", (), "sudo apt install mosquitto"),
        ("embedded", ("mosquitto",), "sudo apt install mosquitto"),
        ("mosquitto", ("embedded",), "use --broker embedded"),
        ("rabbit", BOTH, "no broker 'rabbit'"),
    ],
)
def test_what_is_not_there_is_refused_with_what_to_do(wanted: str, here: tuple[str, ...], advice: str) -> None:
    """32-bit ARM has no embedded broker: no wheel of iotcore is made for it."""
    with pytest.raises(BrokerError, match=advice):
        choose(wanted, here)
