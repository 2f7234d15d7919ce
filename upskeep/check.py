"""``upskeep check``: reads the whole configuration as the services do, and reports all faults at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.alerter.adapters.secret_files import doubts as secret_doubts
from services.alerter.configuration import read as read_alerter
from services.alerter.core.notify.reach import reach_of, unreachable_routes, unrouted_receivers
from services.alerter.core.rules import known_labels
from services.alerter.settings import AlerterSettings, unknown_types
from services.alerter.settings.intervals import hasty_absences
from services.climate_controller.configuration import read as read_climate_controller
from services.climate_supervisor.configuration import read as read_climate_supervisor
from services.counter_store.configuration import read as read_counter_store
from services.event_processor.configuration import read as read_event_processor
from services.event_processor.core.catalogue.event_types import suggestion
from services.gateway.configuration import read as read_gateway
from services.host_agent.configuration import read as read_host_agent
from services.sensor_reader.configuration import read as read_sensor_reader
from services.sensor_reader.configuration import read_speed
from services.uplink.configuration import read as read_uplink
from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.settings import ConfigError, Fault, read_one_of
from shared.suite import SuiteSettings
from upskeep.reach import unreachable_levels

CONFIGURATIONS: Mapping[str, Callable[[Context], Any]] = {
    "sensor_reader": read_sensor_reader,
    "event_processor": read_event_processor,
    "counter_store": read_counter_store,
    "alerter": read_alerter,
    "host_agent": read_host_agent,
    "climate_controller": read_climate_controller,
    "climate_supervisor": read_climate_supervisor,
    "uplink": read_uplink,
    "gateway": read_gateway,
}


@dataclass(frozen=True, slots=True)
class CheckedConfig:
    """A configuration without a fault: the common settings, and each service's by its name."""

    folder: Path
    environ: Mapping[str, str]
    suite: SuiteSettings
    settings: Mapping[str, Any]


def check_config(folder: Path, environ: Mapping[str, str]) -> CheckedConfig:
    """Return everybody's settings; raises ConfigError with all faults of all files."""
    faults: list[Fault] = []
    suite = read_one_of(folder, "suite", SuiteSettings, environ, faults) or SuiteSettings()
    context = Context(folder, environ, suite, SYSTEM_CLOCK)
    settings: dict[str, Any] = {}
    for name, read in CONFIGURATIONS.items():
        try:
            settings[name] = read(context)
        except ConfigError as error:
            faults += [fault for fault in error.faults if fault not in faults]
    if faults:
        raise ConfigError(faults)
    return CheckedConfig(folder, environ, suite, settings)


def doubts(checked: CheckedConfig) -> list[str]:
    """Return what is allowed but looks like a slip, a line each."""
    folder, alerting = checked.folder, checked.settings["alerter"]
    catalogue = checked.settings["event_processor"].compiled.catalogue
    unknown = unknown_types(alerting, catalogue)
    secrets = [
        (f"{receiver.name}.{key}", path) for receiver in alerting.alerts.receivers for key, path in receiver.secrets()
    ]
    unread = [f"{folder / 'alerts.yaml'}: receivers.{doubt}" for doubt in secret_doubts(secrets)]
    hasty = [f"{folder / 'alerts.yaml'}: {doubt}" for doubt in hasty_absences(alerting.rules(), alerting.intervals)]
    reach = unreachable_levels(folder, checked.environ, checked.settings["sensor_reader"].configuration)
    return [*unread, *hasty, *reach, *_unreached(folder, alerting)] + [
        f"{folder / place}.{name}: events.yaml has no such type, "
        f"so it never fires unless somebody adds it{suggestion(name, catalogue)}"
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
    from services.sensor_reader.adapters.sources.open_source import Options, SourceError, open_source
    from services.sensor_reader.adapters.sources.recording import RecordingError

    context = Context(folder, {**environ, "UPSKEEP_SOURCE": text}, SuiteSettings(), SYSTEM_CLOCK)
    configuration = read_sensor_reader(context).configuration
    try:
        open_source(text, configuration, Options(), lambda _: None, 0.0).close()
    except (SourceError, RecordingError) as error:
        raise ConfigError([Fault("sensor_reader", "source", str(error))]) from None


def check_speed(text: str) -> None:
    """Raise ConfigError unless ``text`` is a speed."""
    read_speed(text)
