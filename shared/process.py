"""The life of a service process: arguments, logging, signals, the loop, exit codes, the sign of health.

Exit codes: 0 stopped cleanly, 2 the configuration is wrong, 74 the ledger cannot be used, 76 another process uses the
name.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from shared.clock import SYSTEM_CLOCK
from shared.collector import collect_only_new
from shared.context import Context
from shared.delivery.endpoint import Endpoint
from shared.delivery.handler import MessageHandler
from shared.delivery.route import Route
from shared.delivery.takeover import NameInUseError
from shared.journal import JournalFormatter, is_journal, marked
from shared.ledger import Ledger, LedgerDamagedError, LedgerError, LedgerNewerError, Schema, explain
from shared.ledger.quarantine import REPORT, Salvage, closed_cleanly, open_ledger, suspect
from shared.messages import Candidate
from shared.places import config_folder
from shared.safe_log import SafeFormatter
from shared.sd_notify import Systemd
from shared.settings import ConfigError, read_settings
from shared.suite import SuiteSettings

log = logging.getLogger(__name__)

DAMAGED = "system.ledger.damaged"
EXIT_CONFIG = 2
EXIT_LEDGER = 74
EXIT_NAME_IN_USE = 76
EXIT_NEWER_LEDGER = 78
SIGN_S = 5.0
HEALTHY_S = 30.0
DRAIN_S = 2.0


class BackgroundTasks(Protocol):
    """What a service does of its own accord, besides answering what arrives."""

    def work(self) -> None:
        """Do what is due, inside the batch's transaction."""

    def wait_s(self) -> float:
        """Return how long the loop may wait before something is due."""

    def finish(self) -> None:
        """Say the last things before a clean stop, inside the last batch's transaction."""

    def close(self) -> None:
        """Let go of threads and devices."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service as data: its route, its settings, and how its handler is built."""

    route: Route
    settings: Callable[[Context], Any]
    handler: Callable[[Any, Context, Ledger, Endpoint], MessageHandler]
    schema: Schema = Schema()  # noqa: RUF009 - frozen
    drive: Callable[[Any, Context, Any, Endpoint], BackgroundTasks | None] = lambda *_: None
    named: Callable[[Any], Route] | None = None  # the route where it follows from the settings
    salvage: Salvage | None = None  # what of a damaged ledger may be trusted in a new one; see docs/adr/0007


class Stop:
    """Set by SIGTERM and SIGINT; wakes the loop."""

    def __init__(self) -> None:
        self.asked = False

    def catch(self, endpoint: Endpoint) -> None:
        """Take the signals over; a second one ends the process at once."""

        def asked(number: int, _: object) -> None:
            if self.asked:
                os._exit(128 + number)
            self.asked = True
            endpoint.wake()

        signal.signal(signal.SIGTERM, asked)
        signal.signal(signal.SIGINT, asked)


def main(service: Service, argv: Sequence[str] | None = None) -> int:
    """Run ``service`` until it is asked to stop; returns the exit code."""
    name = service.route.name
    options = _options(name, sys.argv[1:] if argv is None else argv)
    log_to = logging.StreamHandler(sys.stderr)
    log_to.setFormatter(_format(name, journal := is_journal(os.environ)))
    logging.basicConfig(level=os.environ.get("UPSKEEP_LOG", "INFO").upper(), handlers=[log_to])
    try:
        suite = read_settings(options.config, "suite", SuiteSettings, os.environ)
        context = Context(options.config, os.environ, suite, SYSTEM_CLOCK)
        if options.healthy and service.named is None:
            return 0 if _healthy(context, name) else 1
        settings = service.settings(context)
        if service.named is not None:
            service = replace(service, route=service.named(settings))
        if options.healthy:
            return 0 if _healthy(context, service.route.name) else 1
    except ConfigError as error:
        text = f"{name}: the configuration cannot be used:\n{error}"
        _say(marked(text, logging.CRITICAL) if journal else text)
        return EXIT_CONFIG
    if options.check:
        _say(f"{name}: the configuration in {options.config} is good")
        return 0
    return _run(service, settings, context)


@dataclass(slots=True)
class _Options:
    """The command line; without arguments, as the runner forks a service, nobody needs a parser and its memory."""

    config: Path
    check: bool = False
    healthy: bool = False


def _options(name: str, argv: Sequence[str]) -> _Options:
    options = _Options(config_folder(os.environ))
    if argv:
        from argparse import ArgumentParser

        parser = ArgumentParser(prog=f"python -m services.{name}")
        parser.add_argument("--config", type=Path, default=options.config)
        parser.add_argument("--check", action="store_true", help="check the configuration and exit")
        parser.add_argument(
            "--healthy", action="store_true", help="exit 0 when the running service is connected and working"
        )
        parser.parse_args(argv, options)
    return options


def _format(name: str, journal: bool) -> logging.Formatter:
    if journal:
        return JournalFormatter("%(message)s")
    return SafeFormatter(f"%(asctime)s %(levelname)-7s {name}: %(message)s", datefmt="%H:%M:%S")


def _run(service: Service, settings: Any, context: Context) -> int:
    path = context.data / service.route.name / "ledger.sqlite"
    _make_private(path.parent)
    try:
        try:
            _serve(service, settings, context, path)
        except sqlite3.Error as error:  # a read outside a transaction
            raise explain(path, error) from error
    except ConfigError as error:
        log.critical("%s", error)
        return EXIT_CONFIG
    except NameInUseError as error:
        log.critical("%s", error)
        return EXIT_NAME_IN_USE
    except LedgerDamagedError as error:
        suspect(path, error)
        log.critical("%s", error)
        return EXIT_LEDGER
    except LedgerNewerError as error:
        log.critical("%s", error)
        return EXIT_NEWER_LEDGER
    except LedgerError as error:
        log.critical("%s", error)
        return EXIT_LEDGER
    return 0


def _make_private(folder: Path) -> None:
    """Keep what a service writes from all but its user and group, also in a folder that is there already."""
    os.umask(os.umask(0o077) | 0o027)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(folder.stat().st_mode & 0o770)
    except OSError as error:  # whoever opens the ledger comes to the same, and says what it means
        log.debug("%s: %s", folder, error)


def _serve(service: Service, settings: Any, context: Context, path: Path) -> None:
    ledger = open_ledger(path, service.schema, context.clock.wall(), service.salvage, context.suite.site)
    endpoint = Endpoint(service.route, context.suite, ledger, context.clock)
    with ledger.transaction():
        handler = service.handler(settings, context, ledger, endpoint)
        report_damage(endpoint)
    endpoint.attach(handler)
    drive = service.drive(settings, context, handler, endpoint)
    stop = Stop()
    stop.catch(endpoint)
    endpoint.open()
    collect_only_new()
    _loop(endpoint, drive, stop, _Sign(context, service.route.name))
    _drain(endpoint, drive)
    if drive:
        drive.close()
    endpoint.close()
    closed_cleanly(path)


def report_damage(endpoint: Endpoint) -> None:
    """Put the report of a damaged ledger into the outbox, once; call inside ``transaction``."""
    kept = endpoint.records.value(REPORT)
    if kept is None:
        return
    report = json.loads(kept)
    endpoint.offer_event(
        Candidate(type=DAMAGED, id=f"damaged/{report['aside']}", data={"service": endpoint.name, **report})
    )
    endpoint.sender.write(endpoint.clock.wall().timestamp(), endpoint.clock.monotonic())
    endpoint.records.drop_value(REPORT)


def _loop(endpoint: Endpoint, drive: BackgroundTasks | None, stop: Stop, sign: _Sign) -> None:
    while not stop.asked:
        wait_s = min(endpoint.wait_s(), sign.systemd.every_s)
        if drive is None:
            endpoint.turn(wait_s)
        else:
            endpoint.turn(min(wait_s, drive.wait_s()), drive.work)
        sign.give(endpoint)


def _drain(endpoint: Endpoint, drive: BackgroundTasks | None) -> None:
    """Give what is committed a moment to leave; what does not is sent after the next start."""
    endpoint.take_time(0)
    endpoint.turn(0, drive.finish if drive else None, stopping=True)
    monotonic = endpoint.clock.monotonic
    deadline = monotonic() + DRAIN_S
    while endpoint.unsent and endpoint.connected and monotonic() < deadline:
        endpoint.turn(0.05, stopping=True)


class _Sign:
    """A file in the temporary folder, touched while the service is connected and its turns go through."""

    def __init__(self, context: Context, name: str) -> None:
        self.path = _sign_path(context.data, name)
        self.given = float("-inf")
        self.systemd = Systemd(os.environ)

    def give(self, endpoint: Endpoint) -> None:
        now = endpoint.clock.monotonic()
        self.systemd.ready()  # the loop turns; for a broker it waits by itself
        self.systemd.alive(now)
        if endpoint.connected and now - self.given >= SIGN_S:
            try:
                _touch(self.path)
            except OSError as error:  # the folder is everybody's: who was there first must not end a service
                if self.given == float("-inf"):
                    log.error(
                        "no sign of health can be left at %s: %s; set TMPDIR to a folder of its own", self.path, error
                    )
            self.given = now


def _touch(path: Path) -> None:
    """Touch a file, and make it if need be, but follow no link and wait at no pipe; raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    try:
        os.utime(descriptor)
    finally:
        os.close(descriptor)


def _sign_path(data: Path, name: str) -> Path:
    place = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"upskeep-{place}-{name}.alive"


def _healthy(context: Context, name: str) -> bool:
    path = _sign_path(context.data, name)
    try:
        age = context.clock.wall().timestamp() - path.lstat().st_mtime
    except FileNotFoundError:
        _say(f"{name}: not connected yet, or not running")
        return False
    if age > HEALTHY_S:
        _say(f"{name}: last sign of health {age:.0f} s ago")
    return age <= HEALTHY_S


def seems_alive(data: Path, name: str) -> bool:
    """Whether that service has not stopped cleanly and gave a sign of health within ``HEALTHY_S``."""
    running = data / name / "ledger.sqlite.running"
    sign = _sign_path(data, name)
    return running.exists() and sign.exists() and SYSTEM_CLOCK.wall().timestamp() - sign.stat().st_mtime <= HEALTHY_S


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
