"""What the uplink is configured with; where this site has one, also whether it could run."""

from __future__ import annotations

from services.uplink.settings import FILE, UplinkSettings
from shared.context import Context
from shared.extras import is_missing, needs
from shared.settings import ConfigError, Fault, read_settings
from shared.small_file import read_small

OFF = (
    "this site has no uplink (uplink: false), so event_processor would not keep events until it has them: "
    "write `uplink: true` there"
)


def read(context: Context) -> UplinkSettings:
    """Return the settings; raises ConfigError, where there is to be an uplink also for what it would lack."""
    settings = read_settings(context.folder, FILE, UplinkSettings, context.environ)
    if context.suite.uplink and (faults := list(_lacking(settings, str(context.folder / f"{FILE}.yaml")))):
        raise ConfigError(faults)
    return settings


def read_to_run(context: Context) -> UplinkSettings:
    """Return the settings for the service itself; raises ConfigError where the site has no uplink."""
    settings = read(context)
    if not context.suite.uplink:
        raise ConfigError([Fault(str(context.folder / "suite.yaml"), "uplink", OFF)])
    return settings


def _lacking(settings: UplinkSettings, where: str) -> list[Fault]:
    faults = []
    if is_missing("confluent_kafka"):
        faults.append(Fault("uplink", "", needs("confluent_kafka", " to speak to Kafka")))
    if not settings.servers:
        faults.append(Fault(where, "servers", "names none; write where the fleet's log is: [kafka.example.org:9092]"))
    files = {
        "tls.ca_file": settings.tls.ca_file,
        "tls.cert_file": settings.tls.cert_file,
        "tls.key_file": settings.tls.key_file,
        "sasl.password_file": settings.sasl.password_file,
    }
    for key, path in files.items():
        try:
            if path is not None:
                read_small(path)
        except OSError as error:
            faults.append(Fault(where, key, f"{path} cannot be read: {error.strerror}"))
    return faults
