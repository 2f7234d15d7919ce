"""``upskeep check``: the whole configuration read as the services read it, every fault said at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from services.alerter.adapters.secret_files import doubts as secret_doubts
from services.alerter.app import SERVICE as ALERTER
from services.alerter.core.notify.reach import reach_of, unreachable_routes, unrouted_receivers
from services.alerter.core.rules import known_labels
from services.alerter.settings import AlerterSettings, unknown_types
from services.alerter.settings.intervals import hasty_absences
from services.climate_controller.app import SERVICE as CLIMATE_CONTROLLER
from services.climate_supervisor.app import SERVICE as CLIMATE_SUPERVISOR
from services.counter_store.app import SERVICE as COUNTER_STORE
from services.event_processor.app import SERVICE as EVENT_PROCESSOR
from services.event_processor.core.catalogue.event_types import suggestion
from services.gateway.app import SERVICE as GATEWAY
from services.host_agent.app import SERVICE as HOST_AGENT
from services.sensor_reader.adapters.sources.open_source import Options, SourceError, open_source
from services.sensor_reader.adapters.sources.recording import RecordingError
from services.sensor_reader.app import SERVICE as SENSOR_READER
from services.sensor_reader.app import read_speed
from shared.climate.zones import Climate
from shared.clock import SYSTEM_CLOCK
from shared.process import Context, Service
from shared.settings import ConfigError, Fault, read_one_of
from shared.suite import SuiteSettings
from upskeep.reach import unreachable_levels

CLIMATE = "climate"
SERVICES: tuple[Service, ...] = (
    SENSOR_READER,
    EVENT_PROCESSOR,
    COUNTER_STORE,
    ALERTER,
    HOST_AGENT,
    CLIMATE_CONTROLLER,
    CLIMATE_SUPERVISOR,
    GATEWAY,
)


def check_config(folder: Path, environ: Mapping[str, str]) -> SuiteSettings:
    """Return the common settings, having read everybody's; raises ConfigError with all faults of all files."""
    faults: list[Fault] = []
    suite = read_one_of(folder, "suite", SuiteSettings, environ, faults) or SuiteSettings()
    context = Context(folder, environ, suite, SYSTEM_CLOCK)
    for service in SERVICES:
        try:
            service.settings(context)
        except ConfigError as error:
            faults += [fault for fault in error.faults if fault not in faults]
    if (folder / f"{CLIMATE}.yaml").exists():
        read_one_of(folder, CLIMATE, Climate, environ, faults)
    if faults:
        raise ConfigError(faults)
    return suite


def doubts(folder: Path, environ: Mapping[str, str]) -> list[str]:
    """Return what is allowed but looks like a slip, a line each; the configuration itself must be good."""
    context = Context(folder, environ, SuiteSettings(), SYSTEM_CLOCK)
    compiled = EVENT_PROCESSOR.settings(context).compiled
    alerting = ALERTER.settings(context)
    unknown = unknown_types(alerting, compiled.catalogue)
    secrets = [
        (f"{receiver.name}.{key}", path) for receiver in alerting.alerts.receivers for key, path in receiver.secrets()
    ]
    unread = [f"{folder / 'alerts.yaml'}: receivers.{doubt}" for doubt in secret_doubts(secrets)]
    hasty = [f"{folder / 'alerts.yaml'}: {doubt}" for doubt in hasty_absences(alerting.rules(), alerting.intervals)]
    reach = unreachable_levels(folder, environ, SENSOR_READER.settings(context).configuration)
    return [*unread, *hasty, *reach, *_unreached(folder, alerting)] + [
        f"{folder / place}.{name}: events.yaml has no such type, "
        f"so it never fires unless somebody adds it{suggestion(name, compiled.catalogue)}"
        for place, name in unknown
    ]


def _unreached(folder: Path, alerting: AlerterSettings) -> list[str]:
    """Return the routes that can never match and the receivers that no route leads to."""
    plan, place = alerting.alerts.plan(), folder / "alerts.yaml"
    reach = reach_of(plan.route, known_labels(alerting.rules()))
    routes = [
        f"{place}: {route_place(route.path)}: no rule's alert can come here: its matchers"
        f" ({', '.join(map(str, route.matchers)) or 'none'}) contradict every rule or the route above, or an earlier"
        " route takes them all (continue: true lets them through)"
        for route in unreachable_routes(plan, reach)
    ]
    receivers = [
        f"{place}: receivers.{name}: no route leads to it, so no alert ever does; name it as receiver of a route"
        for name in unrouted_receivers(plan, reach)
    ]
    return routes + receivers


def route_place(path: str) -> str:
    """Return where in the file a route stands: ``0.2.1`` is ``route.routes.2.routes.1``."""
    return "".join(["route", *(f".routes.{number}" for number in path.split(".")[1:])])


def check_source(text: str, folder: Path, environ: Mapping[str, str]) -> None:
    """Raise ConfigError unless ``text`` is a source that can be opened; hardware is looked for by the service alone."""
    if text in ("auto", "i2c"):
        return
    context = Context(folder, {**environ, "UPSKEEP_SOURCE": text}, SuiteSettings(), SYSTEM_CLOCK)
    configuration = SENSOR_READER.settings(context).configuration
    try:
        open_source(text, configuration, Options(), lambda _: None, 0.0).close()
    except (SourceError, RecordingError) as error:
        raise ConfigError([Fault("sensor_reader", "source", str(error))]) from None


def check_speed(text: str) -> None:
    """Raise ConfigError unless ``text`` is a speed."""
    read_speed(text)
