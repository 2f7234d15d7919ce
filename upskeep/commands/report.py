"""``upskeep report``: a report as a table, or as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import click

from shared.safe_text import safe_lines
from shared.suite import SuiteSettings
from upskeep.commands.options import Moment, at_a_broker, complaints, in_a_folder, putting, so_many

FORMATS = ("json", "csv", "markdown", "html")
ENDINGS = {".json": "json", ".csv": "csv", ".md": "markdown", ".html": "html", ".htm": "html"}


@click.command()
@at_a_broker
@click.argument("kind", type=click.Choice(["summary", "detailed", "trends"]), default="summary")
@click.option("--days", type=click.IntRange(1, 36_600), default=30, show_default=True, help="Number of days to cover.")
@click.option("--as-of", type=Moment(), help="Report for this time, e.g. 2026-02-01T00:00:00Z.  [default: now]")
@click.option("--format", "form", type=click.Choice(FORMATS), help="[default: by the ending of FILE, else Markdown]")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the report to this file.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def report(
    suite: SuiteSettings,
    kind: str,
    days: int,
    as_of: str | None,
    form: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Make a report: a summary, all details, or trends."""
    from shared.client.client import Client, ClientError

    chosen = "json" if as_json else form or (ENDINGS.get(out.suffix.lower()) if out else "markdown")
    if chosen is None:
        raise click.UsageError(f"{out} ends in none of {', '.join(ENDINGS)}; say --format")
    if out is not None:
        in_a_folder(out)
    question = {"kind": kind, "days": days} | ({} if as_of is None else {"as_of": as_of})
    with complaints(ClientError), Client(suite) as client:
        text = _written(kind, chosen, client.ask("counter_store", "report", question))
    if out is None:
        click.echo(safe_lines(text), nl=False)
        return
    from services.counter_store.adapters.reports.files import put

    with complaints(ClientError), putting(out) as place:
        put(place, text.encode())
    click.echo(f"{kind} report of {so_many(days, 'day')} in {out}")


def _written(kind: str, form: str, answer: Any) -> str:
    from pydantic import ValidationError

    from services.counter_store.adapters.reports.formats import FORMATS as RENDERERS
    from services.counter_store.application.report_builder import REPORTS
    from services.counter_store.core.reports.report import ReportType
    from shared.client.client import ClientError
    from shared.event_counters import ReportFormat

    known = next(each for each in get_args(ReportFormat) if each == form)
    try:
        found = REPORTS[ReportType(kind)][0].model_validate(answer)
    except ValidationError as error:
        raise ClientError(f"counter_store answers as another version does, please use the same: {error}") from None
    return RENDERERS[known][1](found)
