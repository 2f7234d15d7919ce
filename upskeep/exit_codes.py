"""What every command ends with. ``docs/commands.md`` holds the same table, and a test compares them."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERRUPTED = 130


MEANINGS: dict[ExitCode, str] = {
    ExitCode.DONE: "done; `run`, `tail` and `record`, which go on until Ctrl-C, end with it then",
    ExitCode.FAILED: "the command failed, or what it looked for is not as it should be",
    ExitCode.USAGE: "the command line or the configuration is wrong, or a newer version wrote the data; nothing done",
    ExitCode.INCOMPLETE: "`backtest` left rows of a recording out; with `--allow-refused` that is 0",
    ExitCode.INTERRUPTED: "Ctrl-C before the command was done",
}

# Commands that end with FAILED though they did their work, and what they found then.
FOUND: dict[str, str] = {
    "doctor": "a fault",
    "backtest --compare": "differences",
    "replay --verify": "differences",
    "alert-test": "somebody who is not reached",
    "influx setup": "something missing that it may not make",
    "init": "a no to its last question",
    "status": "a suite that does not run",
}
