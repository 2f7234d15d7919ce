"""The page on ``upskeep why`` shows what the command prints; what cannot be explained is said."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from upskeep.cli import cli

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "why.md").read_text(encoding="utf-8")
RECORDING = re.findall(r"^```csv\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]
EXAMPLES = re.findall(r"^```console\n\$ upskeep (.*?)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def call(*arguments: str) -> Result:
    environ = {"UPSKEEP_BROKER": None, "UPSKEEP_CONFIG": str(ROOT / "config"), "COLUMNS": "80"}
    return CliRunner().invoke(cli, arguments, env=environ)


@pytest.fixture(autouse=True)
def _beside_the_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mains.csv").write_text(RECORDING, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("typed", "shown"), EXAMPLES, ids=[typed for typed, _ in EXAMPLES])
def test_the_page_shows_what_is_printed(typed: str, shown: str):
    """To the letter, at 80 columns."""
    result = call(*typed.split())

    assert (0, shown) == (result.exit_code, result.stdout)


def test_as_json_each_link_has_its_sentence_and_its_data():
    """One document; the link that ends the chain says so."""
    (chain,) = json.loads(
        call("why", "not", "AC_POWER_LOSS", "--at", "14:02", "--recording", "mains.csv", "--json").stdout
    )
    last = chain["chain"][-1]

    assert ("missing.dwell", 1.0, 2.0, True) == (last["link"], last["held_s"], last["dwell_s"], last["ends"])
    assert last["text"].startswith("held for 1 s at most")


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (("not", "AC_POWER_LOS"), 1, "there is no event type 'AC_POWER_LOS'; did you mean 'AC_POWER_LOSS'?"),
        (("BATTERY_LOW",), 1, "there is no BATTERY_LOW in the recording to explain"),
        (("on_battery", "other"), 1, "there is no on_battery other in the recording to explain"),
        (("shutdown",), 2, "a recording holds no shutdown"),
        (("not", "on_batery", "ups"), 1, "no rule on_batery judges the key ups; the rules are battery_runtime_short,"),
        (("not", "a", "b", "c"), 2, "name an event"),
        (("AC_POWER_LOSS", "--at", "noon"), 2, "'noon' is not a time; write 14:02"),
    ],
)
def test_what_cannot_be_explained_is_said(typed: tuple[str, ...], code: int, said: str):
    """With the exit code that all commands have for it."""
    result = call("why", *typed, "--recording", "mains.csv")

    assert code == result.exit_code
    assert said in result.stderr
