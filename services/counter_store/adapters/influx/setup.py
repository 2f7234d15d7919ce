"""Setting InfluxDB up: for a person all that is wanted, for the service what is missing, if it may."""

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
    """One step and what came of it: ``fault`` is empty where it was done, or there was nothing to do."""

    step: PlaceStep
    command: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class SetupReport:
    """What a server is and what came of every step."""

    url: str
    version: str
    steps: tuple[StepResult, ...]


def set_up(settings: InfluxSettings, allowed: Sequence[Do]) -> SetupReport:
    """Take the steps that are ``allowed``, and return all; raises Unavailable, or SetupError if nothing can be seen."""
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
    """Raise SetupError where an answer is JSON of another shape than InfluxDB's."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise SetupError(f"{url} does not answer as InfluxDB does; check url") from error


def prepare(settings: InfluxSettings) -> bool:
    """Make what is missing before the first point goes out; returns False while the server knows nobody here.

    That is while it cannot be reached or does not take the token, or the username and password.

    What may not be made is said in the log with the command to run; points then wait, and nothing is lost.
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
            log.warning("%s: left as it is, for a shorter time deletes; to change it: %s", done.step, done.command)
        elif done.step.do == "report":
            log.warning("%s", done.step)
    return True
