"""Without a broker: ``backtest`` plays recordings through the same code, ``check`` reads the configuration."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from shared.safe_text import safe_text
from upskeep.commands.options import CONFIG, complaints, so_many
from upskeep.exit_codes import ExitCode
from upskeep.uncollected import uncollected

if TYPE_CHECKING:
    from upskeep.playback.row_tally import RowTally

WIDEST = 60  # signs before the place a value comes from


@click.command()
@CONFIG
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the events here, one JSON object a line.",
)
@click.option(
    "--alerts",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write every alert transition here, one JSON object a line.",
)
@click.option(
    "--compare",
    "other",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER [FOLDER]",
    help="Compare the configuration in FOLDER with that of --config, or with a second FOLDER.",
)
@click.option(
    "--with",
    "changes",
    multiple=True,
    metavar="FILE.KEY=VALUE",
    help="Compare with this value changed, e.g. event_processor.chemistries.li_ion.low.enter_v=3.5; repeatable.",
)
@click.option("--timezone", "zone", help="Of times in recordings that name none, as in Europe/Berlin.")
@click.option("--allow-refused", is_flag=True, help="Exit with 0 although rows were refused.")
@click.option("--all", "everything", is_flag=True, help="List all differences, not only the first 40.")
@click.option("--json", "as_json", is_flag=True, help="Print a comparison as JSON, too.")
def backtest(
    config: Path,
    files: tuple[Path, ...],
    out: Path | None,
    alerts: Path | None,
    other: Path | None,
    changes: tuple[str, ...],
    zone: str | None,
    *,
    allow_refused: bool,
    everything: bool,
    as_json: bool,
) -> None:
    """Run recordings through the suite's own code, without broker or clock, and print the result.

    Standard error says how many rows were played, which were refused and why. The exit code is 3 if one was refused.

    With --compare or --with, print what differs between two configurations: settings, then what each would command in a
    climate zone, events and alerts. The exit code is 0 if these are the same, 1 if not, 2 if a configuration cannot be
    used.
    """
    folders = [path for path in files if path.is_dir()]
    recordings = tuple(path for path in files if not path.is_dir())
    if folders and (other is None or len(folders) > 1):
        raise click.BadParameter(f"'{folders[-1]}' is a folder; name recordings", param_hint="FILES")
    if not recordings:
        raise click.BadParameter("no recording is named", param_hint="FILES")
    from upskeep.playback.row_tally import RowTally

    rows, timezone = RowTally(), _timezone(zone)
    if other is None and not changes:
        _backtest(config, recordings, out, alerts, rows, timezone)
        _exit(rows, ExitCode.DONE, allow_refused=allow_refused)
    if out is not None or alerts is not None:
        raise click.UsageError("--out and --alerts write the results of one configuration; leave them out here")
    before = (other or config) if folders else config
    after = folders[0] if folders else (other or config)
    code = _compare(recordings, before, after, changes, rows, timezone, everything=everything, as_json=as_json)
    _exit(rows, code, allow_refused=allow_refused)


def _timezone(name: str | None) -> ZoneInfo | None:
    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise click.BadParameter(f"{name!r} is no time zone; write UTC, or as in Europe/Berlin") from None


def _exit(rows: RowTally, code: int, *, allow_refused: bool) -> NoReturn:
    for line in rows.lines():
        click.echo(safe_text(line), err=True)
    sys.exit(ExitCode.INCOMPLETE if rows.refused and not allow_refused else code)


def _backtest(
    config: Path,
    files: tuple[Path, ...],
    out: Path | None,
    alerts: Path | None,
    rows: RowTally,
    timezone: ZoneInfo | None,
) -> None:
    from upskeep.playback.backtest import backtest as run_backtest

    with complaints():
        click.echo(run_backtest(files, config, os.environ, out, alerts, rows, timezone).as_json())


def _compare(
    files: tuple[Path, ...],
    before: Path,
    after: Path,
    changes: tuple[str, ...],
    rows: RowTally,
    timezone: ZoneInfo | None,
    *,
    everything: bool,
    as_json: bool,
) -> int:
    from upskeep.playback.compare import compare
    from upskeep.playback.settings_diff import Configuration
    from upskeep.text.comparison_text import SHOWN, json_lines, show
    from upskeep.text.message_text import console

    one, other = Configuration(before, os.environ), Configuration(after, os.environ, changes)
    most = None if everything else SHOWN
    with complaints(), ExitStack() as stack:
        found = compare(files, one, other, stack, rows, timezone)
        if as_json:
            for line in json_lines(found, most):
                click.echo(line)
        else:
            show(found, console(), str(one), str(other), most)
        return ExitCode.DONE if found.same else ExitCode.FAILED
    raise AssertionError("unreachable: complaints() ends the process")


@click.command()
@CONFIG
@click.option("--effective", "shows", is_flag=True, help="Print every value that counts, and where it comes from.")
@click.option("--changed", is_flag=True, help="With --effective: only what is not as shipped.")
def check(config: Path, *, shows: bool, changed: bool) -> None:
    """Check the configuration and print every error and every doubt."""
    with complaints(), uncollected():
        from upskeep.check import check_config, doubts

        if shows:
            _show_effective(config, changed=changed)
        found = doubts(check_config(config, os.environ))
        for doubt in found:
            click.echo(f"doubtful: {doubt}", err=True)
    but = f", but {so_many(len(found), 'thing')} in it {'is' if len(found) == 1 else 'are'} doubtful" if found else ""
    click.echo(f"the configuration in {config} is good{but}")


def _show_effective(config: Path, *, changed: bool) -> None:
    from upskeep.effective import SHIPPED, effective

    values = [value for value in effective(config, os.environ) if not (changed and value.source == SHIPPED)]
    width = min(max((len(str(value)) for value in values), default=0), WIDEST)
    for value in values:
        click.echo(safe_text(f"{value!s:<{width}}  {value.source}"))
