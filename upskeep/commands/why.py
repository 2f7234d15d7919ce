"""``upskeep why``: why something happened, or did not."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shared.suite import SuiteSettings
from upskeep.commands.options import JSON, at_a_broker, complaints, echo_json, times
from upskeep.commands.progress import progress_bar

if TYPE_CHECKING:
    from shared.messages import Event
    from upskeep.why.chain import Chain
    from upskeep.why.replay import Absent, Replay

NOT, SHUTDOWN = "not", "shutdown"


class At(click.ParamType[Any]):
    """A time of day, or a time with its date; in UTC unless it names a zone."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a datetime, or a time of day."""
        from datetime import time

        for read in (time.fromisoformat, datetime.fromisoformat):
            try:
                found = read(str(value).strip().replace(" ", "T"))
            except ValueError:
                continue
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        return self.fail(f"{value!r} is not a time; write 14:02 or 2026-01-31T14:02:00Z", param, ctx)


@click.command()
@at_a_broker
@click.argument("what", nargs=-1, required=True)
@click.option("--at", type=At(), help="When: 14:02 (of the recording's first day, else of today), or with a date.")
@click.option(
    "--within",
    type=click.FloatRange(min=1),
    default=300.0,
    show_default=True,
    help="Number of seconds around --at to look at.",
)
@click.option("--device", help="Only this device.")
@click.option(
    "--recording",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Play this recording again and explain exactly; repeatable.  [default: ask the running suite]",
)
@click.option("--host", default="host", show_default=True, help="With shutdown: the host's name in host_agent.yaml.")
@JSON
def why(
    suite: SuiteSettings,
    what: tuple[str, ...],
    at: Any,
    within: float,
    device: str | None,
    files: tuple[Path, ...],
    host: str,
    as_json: bool,
) -> None:
    """Explain an event, an alert, a shutdown, or why nothing came: from the reading to the notification.

    WHAT is the id or the type of an event; the rule and the key of an alert; the word shutdown; or the word not and the
    type of an event that did not come, or the rule and the key of an alert that did not fire.
    """
    from shared.client.client import ClientError
    from upskeep.why.lines import chain_lines

    words = what[1:] if what[0] == NOT else what
    if not words or len(words) > 2:
        raise click.UsageError(
            "name an event (id or type), an alert (rule and key), shutdown, or not and a type, or not and an alert"
        )
    folder = click.get_current_context().params["config"]
    with complaints(ClientError):
        if files:
            chains = _of_recording(folder, files, words, what[0] == NOT, at, within, device)
        else:
            chains = _of_suite(suite, folder, words, what[0] == NOT, at, within, device, host)
        if not chains:
            raise ClientError(f"there is no {' '.join(words)}{' in the recording' if files else ''} to explain")
    if as_json:
        echo_json([chain.as_json(times()) for chain in chains])
        return
    width = _width()
    click.echo("\n\n".join("\n".join(chain_lines(chain, times(), width)) for chain in chains))


def _width() -> int:
    from upskeep.text.message_text import console

    return console().width


def _of_recording(
    folder: Path,
    files: Sequence[Path],
    words: Sequence[str],
    absent: bool,
    at: Any,
    within: float,
    device: str | None,
) -> list[Chain]:
    from upskeep.playback.backtest import batches, context_of, stages_of
    from upskeep.why.absent_alert import AlertTally, events_of, rule_of_alert
    from upskeep.why.explain import absent_alert_chains, absent_chains, alert_chains, chosen, event_chain
    from upskeep.why.replay import Absent, Replay

    if words == (SHUTDOWN,):
        raise click.UsageError("a recording holds no shutdown: its host is none that can be shut down")
    with ExitStack() as stack:
        frames = (frame for batch in batches(files) for frame in batch)
        first = next(frames, None)
        moment = None if at is None else _moment(at, first.time if first else datetime.now(UTC))
        span, context = _around(moment, within), context_of(folder, os.environ)
        stages, rule = stages_of(context), None
        if absent and len(words) == 2:
            rule = rule_of_alert(stages.alerting.rules(), *words)
        types = events_of(rule) if rule is not None else [words[0]]
        missing = Absent(types[0], device, *span) if absent and types else None
        replay = Replay(context, _wanted(words, missing, device), stack, missing, stages)
        if rule is not None:
            replay.alert_tally = AlertTally(rule, words[1], *span)
        with progress_bar("frames", _rows(files)) as step:
            for frame in (*([first] if first else []),):
                replay.process(frame)
            for frame in frames:
                replay.process(frame)
                step(1)
        replay.end()
        if rule is not None:
            return absent_alert_chains(replay, words[1], moment)
        _check_type(replay, words, absent)
        if absent:
            return absent_chains(replay, words[0], device)
        if len(words) == 2:
            return alert_chains(replay, words[0], words[1], moment)
        return [event_chain(replay, made) for made in chosen(replay.made.values(), words[0], moment)]


def _wanted(words: Sequence[str], missing: Absent | None, device: str | None) -> Any:
    """Return which events' decisions are to be kept."""

    def wanted(event: Event) -> bool:
        if device not in (None, event.device):
            return False
        if len(words) == 2:
            return True
        if missing is not None and not _within(event.time, missing.since, missing.until):
            return False
        return event.type == words[0] or event.id.startswith(words[0])

    return wanted


def _within(time: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or time >= since) and (until is None or time <= until)


def _around(moment: datetime | None, within: float) -> tuple[datetime | None, datetime | None]:
    if moment is None:
        return None, None
    return moment - timedelta(seconds=within), moment + timedelta(seconds=within)


def _moment(at: Any, day: datetime) -> datetime:
    """Return a time of day on the day of ``day``; a time with a date as it is."""
    if isinstance(at, datetime):
        return at
    return datetime.combine(day.astimezone(at.tzinfo).date(), at)


def _check_type(replay: Replay, words: Sequence[str], absent: bool) -> None:
    """Complain of an event type or rule that nobody knows."""
    from services.event_processor.core.catalogue.event_types import suggestion
    from shared.client.client import ClientError

    if absent and words[0] not in replay.compiled.catalogue:
        raise ClientError(f"there is no event type {words[0]!r}{suggestion(words[0], replay.compiled.catalogue)}")


def _rows(files: Sequence[Path]) -> int:
    """Return about how many frames recordings hold: their lines."""
    count = 0
    for file in files:
        with file.open("rb") as lines:
            count += sum(1 for _ in lines)
    return count


def _of_suite(
    suite: SuiteSettings,
    folder: Path,
    words: Sequence[str],
    absent: bool,
    at: Any,
    within: float,
    device: str | None,
    host: str,
) -> list[Chain]:
    from services.host_agent.settings import service_of
    from shared.client.client import Client
    from upskeep.playback.backtest import context_of, stages_of
    from upskeep.why.live import Suite

    moment = None if at is None else _moment(at, datetime.now(UTC))
    stages = stages_of(context_of(folder, os.environ))
    with Client(suite) as client:
        running = Suite(client.ask, stages)
        if absent and len(words) == 2:
            return [running.absent_alert_chain(words[0], words[1])]
        if absent:
            return running.absent_chains(words[0], device, *_around(moment, within))
        if words == (SHUTDOWN,):
            return [running.shutdown_chain(service_of(host))]
        if len(words) == 2:
            return [running.alert_chain(words[0], words[1])]
        if words[0] in running.compiled.catalogue:
            since, until = _around(moment, within)
            event = running.newest(words[0], since, until)
            return [] if event is None else [running.event_chain(event)]
        return [running.event_chain(running.event(words[0]))]
