"""What several commands share: where the configuration and the broker are, and how a failure is said."""

from __future__ import annotations

import functools
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
from pydantic import BaseModel, ValidationError

from services.event_processor.core.catalogue.event_types import Category
from shared.config_files import files_of
from shared.messages import Severity
from shared.places import config_folder
from shared.safe_text import safe_json, safe_lines
from shared.settings import ConfigError, Fault, read_settings
from shared.suite import BrokerSettings, SuiteSettings
from upskeep.exit_codes import ExitCode

if TYPE_CHECKING:
    from upskeep.text.message_text import LineStyle
    from upskeep.text.times import Times

CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, file_okay=False),
    default=lambda: config_folder(os.environ),
    help="Folder of the YAML files.  [default: $UPSKEEP_CONFIG; config in a checkout; /etc/upskeep; ~/.config/upskeep]",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
CATEGORIES = (*get_args(Category), "other")
SEVERITY = click.Choice([each.value for each in Severity], case_sensitive=False)
AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(min|h|d)\Z")
AGO_S = {"min": 60.0, "h": 3600.0, "d": 86_400.0}


class Moment(click.ParamType[str]):
    """A time in UTC, or how long ago: ``2026-01-31``, ``2026-01-31T12:00:00Z``, ``90min``, ``24h``, ``7d``."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it as RFC 3339."""
        now = datetime.now(UTC)
        try:
            if ago := AGO.match(value.strip()):
                time = now - timedelta(seconds=float(ago[1]) * AGO_S[ago[2]])
            else:
                time = datetime.fromisoformat(value.strip().replace(" ", "T"))
            return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
        except (ValueError, OverflowError):
            return self.fail(
                f"{value!r} is not a time; write 2026-01-31, 2026-01-31T12:00:00Z, or 24h for 24 hours ago", param, ctx
            )


SINCE = click.option("--since", type=Moment(), help="Start: 2026-01-31, 2026-01-31T12:00:00Z, or 7d for 7 days ago.")
UNTIL = click.option("--until", type=Moment(), help="End, in the same forms.")
_BROKER = click.option(
    "--broker",
    "url",
    default=lambda: os.environ.get("UPSKEEP_BROKER"),
    help="URL of the broker.  [default: $UPSKEEP_BROKER, else broker.url of suite.yaml]",
)
_USER = click.option(
    "--user", default=lambda: os.environ.get("UPSKEEP_USER"), help="User name at the broker.  [default: $UPSKEEP_USER]"
)
_PASSWORD = click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=lambda: os.environ.get("UPSKEEP_PASSWORD_FILE"),
    help="File with the password.  [default: $UPSKEEP_PASSWORD_FILE]",
)
UTC_TIMES = "upskeep.utc"  # where the choice is kept in click's context


def _note_utc(ctx: click.Context, _: click.Parameter, utc: bool) -> None:
    ctx.meta[UTC_TIMES] = utc


IN_UTC = click.option(
    "--utc",
    is_flag=True,
    expose_value=False,
    callback=_note_utc,
    help="Print times in UTC.  [default: local time on a terminal, UTC elsewhere]",
)
DATA = click.option("--data", is_flag=True, help="Add each event's fields.")


def times() -> Times:
    """Return how times are to be written: as this machine's zone has them on a terminal, in UTC elsewhere."""
    from upskeep.text.times import Times

    local = sys.stdout.isatty() and not click.get_current_context().meta.get(UTC_TIMES)
    return Times(None) if local else Times()


def line_style(data: bool = False) -> LineStyle:
    """Return how lines are to be written, in the words of the configuration's ``events.yaml``."""
    from shared.event_text.load import load_event_texts
    from upskeep.text.message_text import LineStyle

    folder = click.get_current_context().params.get("config") or config_folder(os.environ)
    with complaints():
        return LineStyle(load_event_texts(Path(folder), os.environ), times(), data)


def at_a_broker(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that name a broker, and the suite's settings with that broker as its ``suite``."""

    @CONFIG
    @IN_UTC
    @_BROKER
    @_USER
    @_PASSWORD
    @functools.wraps(command)
    def called(config: Path, url: str | None, user: str | None, password_file: Path | None, **rest: Any) -> None:
        command(suite=_suite(config, url, user, password_file), **rest)

    return called


def chosen_events(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that choose events, as the fields of the question ``history``."""

    @click.option("--type", "types", multiple=True, help="Only this event type; repeatable.")
    @click.option("--category", type=click.Choice(CATEGORIES), metavar="NAME", help=f"Only {', '.join(CATEGORIES)}.")
    @click.option(
        "--severity",
        "severities",
        type=SEVERITY,
        metavar="NAME",
        multiple=True,
        help=f"Only {', '.join(Severity)}; repeatable.",
    )
    @click.option("--device", help="Only this device.")
    @click.option("--zone", help="Only this zone.")
    @functools.wraps(command)
    def called(types: tuple[str, ...], severities: tuple[str, ...], **rest: Any) -> None:
        command(types=list(types) or None, severities=list(severities) or None, **rest)

    return called


def in_a_folder(file: Path) -> None:
    """See that a file can be put where it is wanted, before anybody is asked; raises UsageError.

    A device or a pipe is refused: what is put into its place would be a file, for everybody on the machine.
    """
    if not file.absolute().parent.is_dir():
        raise click.UsageError(f"{file}: there is no folder {file.parent}; make it first")
    if str(file) == "-" or (file.exists() and not file.is_file()):
        raise click.UsageError(f"{file} is not a regular file; name one")


@contextmanager
def putting(file: Path) -> Iterator[Path]:
    """Yield where a file is to be put, which is where a link to it leads; raises ClientError where it cannot be."""
    from shared.client.client import ClientError

    try:
        yield file.resolve()
    except OSError as error:
        raise ClientError(f"{file} cannot be written: {error.strerror or error}; nothing is changed there") from None


def asked(about: str, model: type[BaseModel], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given as the fields of a question; raises UsageError where it does not take one."""
    question = {name: value for name, value in given.items() if value is not None}
    try:
        model.model_validate(question)
    except ValidationError as error:
        first = error.errors()[0]
        named = [_option(str(place)) for place in first["loc"][:1]]
        if first["type"] == "extra_forbidden":
            takes = ", ".join(_option(name) for name in model.model_fields if name in given) or "no choice"
            raise click.UsageError(f"{about} does not go by {named[0]}; it takes {takes}") from None
        raise click.UsageError(": ".join([*named, first["msg"].removeprefix("Value error, ")])) from None
    return question


def _option(field: str) -> str:
    """Return the option of a field: ``types`` can be given several times, as ``--type``."""
    return "--" + {"types": "type", "severities": "severity"}.get(field, field).replace("_", "-")


def echo_json(found: Any) -> None:
    """Print a JSON document; what a sender wrote in it does nothing to a terminal."""
    click.echo(safe_json(json.dumps(found, indent=2, ensure_ascii=False)))


def so_many(count: int, noun: str) -> str:
    """Return ``1 day``, ``7 days``, ``1,205 events``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _suite(config: Path, url: str | None, user: str | None, password_file: Path | None) -> SuiteSettings:
    """Return the suite's settings with the broker named on the command line; works without a config folder."""
    with complaints():
        present = bool(files_of(config, "suite", os.environ))
        if password_file is not None and not password_file.is_file():
            raise ConfigError(
                [Fault("--password-file", "", f"{password_file} is not a file; write the password to it")]
            )
        suite = read_settings(config, "suite", SuiteSettings, os.environ) if present else SuiteSettings()
        named: dict[str, Any] = {}  # who asks, as the file has it, belongs to the file's broker and user alone
        if url is not None or user is not None or password_file is not None:
            named = {
                "username": user,
                "password_file": password_file,
            }
        if url is not None:
            named["url"] = url
        try:
            broker = BrokerSettings.model_validate({**suite.broker.model_dump(), **named})
        except ValidationError as error:  # its text repeats the URL, and with it a password
            reason = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise ConfigError([Fault("--broker", "", reason)]) from None
        return suite.model_copy(update={"broker": broker})


@contextmanager
def complaints(*kinds: type[Exception]) -> Iterator[None]:
    """Turn what may go wrong into a sentence on stderr and an exit code (its own, or 1), never a traceback."""
    try:
        yield
    except ConfigError as error:
        click.echo(safe_lines(f"the configuration cannot be used:\n{error}"), err=True)
        sys.exit(ExitCode.USAGE)
    except kinds as error:
        click.echo(safe_lines(f"upskeep: {error}"), err=True)
        sys.exit(getattr(error, "exit_code", ExitCode.FAILED))
