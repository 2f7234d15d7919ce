"""The alerter's configuration: its files together, or all their faults."""

from __future__ import annotations

from services.alerter.settings import FILE, AlerterSettings, AlertsSettings
from services.alerter.settings.intervals import read_intervals
from services.alerter.settings.receivers import TEXT, TITLE
from shared.config_lines import Lines
from shared.context import Context
from shared.event_counters import FILE as COUNTERS
from shared.event_counters import EventCountersSettings
from shared.event_text.load import load_event_texts
from shared.event_text.texts import EventTexts
from shared.extras import is_missing, needs
from shared.read_once import read_once
from shared.settings import ConfigError, Fault, read_one_of


@read_once
def read(context: Context) -> AlerterSettings:
    """Return the settings of both files; raises ConfigError with the faults of both."""
    faults: list[Fault] = []
    folder, environ = context.folder, context.environ
    alerts = read_one_of(folder, FILE, AlertsSettings, environ, faults) or AlertsSettings()
    counters = read_one_of(folder, COUNTERS, EventCountersSettings, environ, faults) or EventCountersSettings()
    own, numbers = Lines(folder, FILE, environ), {each.name: number for number, each in enumerate(alerts.receivers)}
    for name, fault in _faults_of_words(alerts):
        faults.append(own.fault(("receivers", numbers[name]), fault))
    if is_missing("apprise"):
        by_apprise = [number for number, each in enumerate(alerts.receivers) if each.apprise is not None]
        faults += [own.fault(("receivers", number, "apprise"), needs("apprise")) for number in by_apprise]
    texts: EventTexts = {}
    try:
        texts = load_event_texts(folder, environ)
    except ConfigError as error:
        faults += error.faults
    if faults:
        raise ConfigError(faults)
    return AlerterSettings(alerts, counters, read_intervals(folder, environ), texts)


def _faults_of_words(alerts: AlertsSettings) -> list[tuple[str, str]]:
    """Return (receiver, fault) of templates that fail. The shipped ones do not: without others nobody needs Jinja."""
    own = {name: words for name, words in alerts.wordings().items() if (words.title, words.text) != (TITLE, TEXT)}
    if not own:
        return []
    from services.alerter.adapters import templates

    return templates.faults(own)
