"""Setting InfluxDB up: all steps for a person, only missing places for the service."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from services.counter_store.adapters.influx.admin import ADMINS, AdminClient, SetupError
from services.counter_store.core.influx.places import Do, PlaceStep, command, plan, wanted
from services.counter_store.core.influx.ports import Unavailable
from services.counter_store.settings import InfluxSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step and its outcome: ``fault`` is empty if it was done, or there was nothing to do."""

    step: PlaceStep
    command: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class SetupReport:
    """A server's version and the outcome of every step."""

    url: str
    version: str
    steps: tuple[StepResult, ...]


def set_up(settings: InfluxSettings, allowed: Sequence[Do]) -> SetupReport:
    """Take the steps that are ``allowed``, and return all; raises Unavailable, or SetupError if none can be planned."""
    with closing(AdminClient(settings)) as wire:
        version = wire.version()
        major = int(version[0])
        admin = ADMINS[major](wire)
        places = wanted(settings.place or "", settings.readings_to, settings.readings_days)
        with _understood(settings.url):
            found = {place.name: place for wanted in places if (place := admin.find(wanted.name)) is not None}
        done = []
        for step in plan(places, found):
            fault = ""
            if step.do in allowed:
                try:
                    with _understood(settings.url):
                        admin.do(step)
                except SetupError as error:
                    fault = str(error)
            done.append(StepResult(step, command(step, major, settings.org), fault))
        return SetupReport(settings.url, version, tuple(done))


@contextmanager
def _understood(url: str) -> Iterator[None]:
    """Raise SetupError if an answer is not InfluxDB's JSON."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise SetupError(f"{url} does not answer as InfluxDB does; check url") from error


def prepare(settings: InfluxSettings) -> bool:
    """Make missing places before the first point goes out; return False while the server cannot be used.

    That is while it cannot be reached or refuses the credentials. If a place may not be made, the log has the command
    to run; points then wait, and nothing is lost.
    """
    try:
        setup = set_up(settings, ("create",))
    except Unavailable:
        return False
    except SetupError as error:
        log.warning("InfluxDB is used as it is: %s", error)
        return error.status != 401
    for done in setup.steps:
        if done.fault:
            log.warning("%s; %s: an administrator can run: %s", done.step, done.fault, done.command)
        elif done.step.do == "create":
            log.info("made %s in InfluxDB %s", done.step.place.name, setup.version)
        elif done.step.do == "change":
            log.warning("%s: not changed, since a shorter time deletes; to change it: %s", done.step, done.command)
        elif done.step.do == "report":
            log.warning("%s", done.step)
    return True
