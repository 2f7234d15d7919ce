"""Every command ends with the codes of one table, and with no others; the shell completes commands."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from tests.support.live_suite import CONFIG, ROOT
from upskeep.cli import cli
from upskeep.exit_codes import FOUND, MEANINGS, ExitCode

NOBODY = "mqtt://127.0.0.1:1"
FRAMES = "time,relative_humidity\n2026-01-31T12:00:00Z,48\n"
AT_A_BROKER = (  # one of each way to use it: retained, asked, commanded, offered, in a session, recorded
    ["counters"],
    ["stats"],
    ["ack", "rule", "key"],
    ["emit", "BATTERY_LOW"],
    ["export", "history", "out.json"],
    ["record", "frames.jsonl"],
)


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that is no group, by its words."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(leaves(cli))


def call(words: Sequence[object]) -> Result:
    return CliRunner().invoke(cli, [*map(str, words)], env={"UPSKEEP_BROKER": None, "UPSKEEP_CONFIG": str(CONFIG)})


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_is_2_with_every_command(name: str) -> None:
    """Whatever else it would do."""
    assert ExitCode.USAGE == call([*name.split(), "--no-such-option"]).exit_code


@pytest.mark.parametrize("words", AT_A_BROKER, ids=lambda words: words[0])
def test_without_a_broker_a_command_that_needs_one_is_1(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so in a sentence and not by a traceback."""
    monkeypatch.chdir(tmp_path)
    done = call([*words, "--broker", NOBODY])

    assert (ExitCode.FAILED, True) == (done.exit_code, isinstance(done.exception, SystemExit)), done.output
    assert "127.0.0.1:1" in done.output


def test_good_bad_and_incomplete_have_codes_of_their_own(tmp_path: Path) -> None:
    """0, 2 for a configuration as for an option, 3 and back to 0 where it is allowed."""
    bad = shutil.copytree(CONFIG, tmp_path / "config")
    (bad / "suite.yaml").write_text("sight: home\n")
    (tmp_path / "frames.csv").write_text(f"{FRAMES}2026-01-31T12:01:00Z,warm\n")

    assert ExitCode.DONE == call(["check"]).exit_code
    assert ExitCode.USAGE == call(["check", "--config", bad]).exit_code
    assert ExitCode.INCOMPLETE == call(["backtest", tmp_path / "frames.csv"]).exit_code
    assert ExitCode.DONE == call(["backtest", tmp_path / "frames.csv", "--allow-refused"]).exit_code


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the midst of a command."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("upskeep.check.check_config", interrupted)
    assert ExitCode.INTERRUPTED == call(["check"]).exit_code


def test_the_page_and_the_help_have_the_same_table() -> None:
    """With the same words."""
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", page, re.MULTILINE))
    shown = " ".join(call(["--help"]).output.split())

    assert {str(int(code)): meaning for code, meaning in MEANINGS.items()} == rows
    assert [] == [code for code, text in MEANINGS.items() if f"{int(code)} {text.replace('`', '')}" not in shown]
    assert [] == [f for f, what in FOUND.items() if f"`{f}` ({what})" not in " ".join(page.split())]


def test_bash_completes_commands_and_options(tmp_path: Path) -> None:
    """By the script that the command prints, in a bash of its own."""
    bash = shutil.which("bash")
    assert bash is not None
    program = tmp_path / "upskeep"
    program.write_text(f"#!{sys.executable}\nfrom upskeep.cli import main\n\nmain()\n")
    program.chmod(0o755)
    script = f"""
        PATH={tmp_path}:$PATH
        eval "$(upskeep completion bash)"
        COMP_WORDS=(upskeep cou); COMP_CWORD=1; _upskeep_completion upskeep; echo "${{COMPREPLY[@]}}"; COMPREPLY=()
        COMP_WORDS=(upskeep doctor --rep); COMP_CWORD=2; _upskeep_completion upskeep; echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run([bash, "-c", script], capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)

    assert ["counters", "--report"] == done.stdout.split(), done.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_a_script_too(shell: str) -> None:
    """Which asks the program by click's variable."""
    assert "_UPSKEEP_COMPLETE" in call(["completion", shell]).output
