"""Any text as a configuration: it is read, or ConfigError says what is wrong with it. Nothing else comes out."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.alerter.settings import AlertsSettings
from services.counter_store.settings import CounterStoreSettings
from services.event_processor.core.correlation.patterns import PatternRules
from services.event_processor.core.pipeline.rules import PipelineRules
from services.gateway.settings import GatewaySettings
from services.host_agent.settings import HostAgentSettings
from shared.event_counters import EventCountersSettings
from shared.settings import ConfigError, Fault, parse_settings
from shared.suite import SuiteSettings
from tests.support.payloads import ANYTHING, CHARACTERS

CONFIG = Path(__file__).parents[3] / "config"
MODELS: dict[str, Any] = {
    "suite": SuiteSettings,
    "alerts": AlertsSettings,
    "patterns": PatternRules,
    "pipeline": PipelineRules,
    "event_counters": EventCountersSettings,
    "counter_store": CounterStoreSettings,
    "gateway": GatewaySettings,
    "host_agent": HostAgentSettings,
}
SHIPPED = {name: (CONFIG / f"{name}.yaml").read_text(encoding="utf-8").splitlines() for name in MODELS}
BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n" for a, b in pairwise("abcdefghi")
)
ODD = st.sampled_from(
    ["!!bool maybe", '!!int ""', "!!int x", '!!float ""', '!!float "."', "!!timestamp soon", "!!null x", "!!binary ö",
     "!!binary AA", "!!set {a, b}", "!!omap [a: 1]", "!!pairs [a: 1]", "!!pairs 1", "!!python/object:os.system {}", "=",
     "<<", "2026-13-45", "0001-01-01 00:00:00 +23:00", "9999-12-31 23:59:59 -23:00", "1:2:3:4:5:6:7:8:9", "0b", "0x",
     "0o9", "1_000", "_", "-", "?", "|", ">", "&a", "*a", "*nobody", "&a [*a]", "{? [a]: b}", "{null: 1}", "{1: 2}",
     "{true: 1}", "{? {a: b} : c}", "9" * 5000, "1e999", ".inf", ".nan", "-.inf", '"\\ud800"', '"\\0"', "'\x07'",
     "%TAG", "---", "...", "\t", "[" * 200, "{a: " * 200, "!<x> 1", "!x", "''", "~", "x" * 5000,
     "<<: 1", "{<<: [1]}", "{<<: *a}"]
)  # fmt: skip
VALUES = (
    ODD | st.text(CHARACTERS, max_size=12) | ANYTHING.map(lambda value: yaml.safe_dump(value, default_flow_style=True))
)


@st.composite
def spoiled(draw: st.DrawFn, lines: list[str]) -> str:
    """A shipped file with some of its values changed, lines lost, doubled or moved to the right."""
    text = list(lines)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text) - 1))
        how = draw(st.integers(0, 4))
        value = draw(VALUES)
        if how == 0:
            text[at] = f"  {text[at]}"
        elif how == 1:
            text.insert(at, text[at])
        elif how == 2:
            text.insert(at, value)
        else:
            name, sign, _ = text[at].partition(": ")
            text[at] = f"{name}{sign or ': '}{value}"
    return "\n".join(text)


def read(name: str, text: str, environ: dict[str, str] | None = None) -> None:
    """Read it; what is wrong with it is said, and short enough for a terminal."""
    faults: list[Fault] = []
    try:
        parse_settings(text, f"{name}.yaml", name, MODELS[name], environ or {})
    except ConfigError as error:
        faults = error.faults
    assert all(len(str(fault)) < 3000 for fault in faults)


@pytest.mark.parametrize("name", MODELS)
@given(data=st.data())
@settings(max_examples=60)
def test_a_spoiled_file_is_read_or_explained(name: str, data: st.DataObject) -> None:
    """Of each service."""
    read(name, data.draw(spoiled(SHIPPED[name])))


@given(VALUES | st.dictionaries(st.sampled_from(["site", "broker", "data"]), VALUES).map(
    lambda found: "\n".join(f"{key}: {value}" for key, value in found.items())
))  # fmt: skip
@settings(max_examples=300)
@example(BOMB)
@example("a: " * 5000)
@example("[" * 100_000)
@example("- " * 100_000)
@example("a: &a {b: *a}")
def test_any_text_is_read_or_explained(text: str) -> None:
    """Tags of YAML's own that a value does not fit, times that are none, aliases, depth."""
    read("suite", text)


@given(st.sampled_from(["SITE", "BROKER", "BROKER__URL", "BROKER__URL__X", "", "0", "X__0", "__"]), VALUES)
@settings(max_examples=200)
def test_any_variable_is_read_or_explained(key: str, value: str) -> None:
    """The environment is text too."""
    read("suite", "site: home\n", {f"UPSKEEP_SUITE__{key}": value})


@pytest.mark.parametrize(
    "value",
    ["!!bool maybe", '!!int ""', '!!float ""', "!!timestamp soon", "2026-13-45", "!!int x"],
)
def test_a_tag_that_its_value_does_not_fit_is_a_fault_with_its_line(value: str) -> None:
    """PyYAML raises KeyError, IndexError, AttributeError or OverflowError there."""
    with pytest.raises(ConfigError, match=r"^suite.yaml:2: is not YAML: "):
        parse_settings(f"data: x\nsite: {value}\n", "suite.yaml", "suite", SuiteSettings, {})
