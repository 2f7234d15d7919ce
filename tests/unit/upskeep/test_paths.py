"""Odd paths, for every argument and option that is a path, of every command, by the CLI's own table of commands.

`..`, absolute paths and links lead where a person's own shell says, and are followed. What holds: nothing odd ends a
command with a traceback, what it cannot use it names, and no file changes but the one that was named.
"""

from __future__ import annotations

import hashlib
import inspect
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from shared.client import connect
from shared.kinds import KINDS
from tests.support.brokers import free_port
from tests.support.odd_paths import binary, folder, here, link_to_itself, link_to_nothing, too_long, upwards
from upskeep.cli import cli

CONFIG = Path(__file__).parents[3] / "config"
ROWS = "time,battery_voltage,ac_present\n2026-01-31T12:00:00Z,4.1,true\n2026-01-31T12:00:10Z,3.9,false\n"
STARTS = {"run"}  # with a folder that it can use it would start the suite


def commands(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command with the words that lead to it."""
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from commands(each, (*words, name))
    else:
        yield words, command


def is_path(parameter: click.Parameter) -> bool:
    return isinstance(parameter.type, click.Path | click.File)


PLACES = [
    pytest.param(words, command, parameter, id=f"{' '.join(words)} {parameter.opts[0]}")
    for words, command in commands(cli)
    for parameter in command.params
    if is_path(parameter)
]


def missing(at: Path) -> Path:
    return at / "no" / "such"


ODD: tuple[Callable[[Path], Path], ...] = (
    folder, binary, missing, link_to_nothing, link_to_itself, upwards, too_long, here,
)  # fmt: skip

SHARED = ("--config", "--password-file")  # options that one definition gives to many commands
FULLY = {("counters",), ("check",)}  # with these each odd path is tried for them; with all others, few
FEW = (folder, too_long)
SHORT: dict[tuple[str, ...], list[str]] = {  # so that it does not take minutes
    ("climate", "simulate"): ["--days", "0.1"],
    ("fleet", "simulate"): ["--sites", "1", "--output", os.devnull],
}


def anything(parameter: click.Parameter, at: Path) -> list[str]:
    """Return what a required parameter may be given, so that the odd path is what the command ends by."""
    if is_path(parameter):
        (at / "rows.csv").write_text(ROWS)
        value = str(at / "rows.csv")
    elif isinstance(parameter.type, click.Choice):
        value = str(parameter.type.choices[0])
    elif isinstance(parameter.type, click.types.IntParamType | click.types.FloatParamType):
        value = "1"
    else:
        value = "x"
    return [value] if isinstance(parameter, click.Argument) else [parameter.opts[-1], value]


def called(words: tuple[str, ...], command: click.Command, odd: click.Parameter, path: Path, at: Path) -> Result:
    given = [*words, *SHORT.get(words, ())]
    for parameter in command.params:
        if parameter is odd:
            given += [str(path)] if isinstance(parameter, click.Argument) else [parameter.opts[-1], str(path)]
        elif parameter.required:
            given += anything(parameter, at)
        elif parameter.name == "config":
            given += ["--config", str(CONFIG)]
        elif parameter.name == "data":
            given += ["--data", str(at / "data")] if is_path(parameter) else []
    environ = {"UPSKEEP_BROKER": f"mqtt://127.0.0.1:{free_port()}", "UPSKEEP_SUITE__DATA": str(at / "data")}
    return CliRunner().invoke(cli, given, env=environ, input="")


def contents(at: Path) -> dict[Path, str]:
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in at.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("words", "command", "odd"), PLACES)
def test_an_odd_path_ends_a_command_in_words_and_changes_no_other_file(
    words: tuple[str, ...],
    command: click.Command,
    odd: click.Parameter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether it is a folder, a file, missing, a link that leads nowhere or to itself, or far too long."""
    monkeypatch.setattr(connect, "CONNECT_S", 0.0)  # there is no broker to wait for
    for make in ODD if odd.opts[0] not in SHARED or words in FULLY else FEW:
        at = tmp_path / make.__name__
        at.mkdir()
        monkeypatch.chdir(at)
        (at / "precious").write_text("do not touch")
        path = make(at)
        if STARTS & {*words} and odd.name == "data" and make in (folder, missing, link_to_nothing, here):
            continue
        before = contents(at) | contents(CONFIG)
        result = called(words, command, odd, path, at)
        after = contents(at) | contents(CONFIG)

        assert result.exception is None or isinstance(result.exception, SystemExit), (make.__name__, result.exception)
        assert result.output.strip(), make.__name__
        assert "Traceback" not in result.output
        changed = {place for place in before if after.get(place) != before[place]}
        assert changed <= {path}, (make.__name__, changed)


def test_no_message_names_a_path() -> None:
    """So nothing that comes over the broker can lead a service to a file."""
    models = {kind.model for kind in KINDS.values() if kind.model is not None}
    fields = {(model.__name__, name): info.annotation for model in models for name, info in model.model_fields.items()}

    assert fields
    assert [] == [where for where, kind in fields.items() if inspect.isclass(kind) and issubclass(kind, Path)]
    fields.pop(("ScheduledReport", "files"))  # said by the store of what it has written, and read by people
    assert [] == [where for where in fields if any(word in where[1] for word in ("path", "file", "folder", "dir"))]
