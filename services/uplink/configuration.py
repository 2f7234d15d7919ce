"""What the uplink is configured with; where this site has one, also whether it could run."""

from __future__ import annotations

from dataclasses import dataclass

from services.uplink.settings import FILE, UplinkSettings
from shared.config_lines import Lines
from shared.context import Context
from shared.extras import is_missing, needs
from shared.settings import ConfigError, Fault, read_settings
from shared.small_file import read_small

OFF = (
    "this site has no uplink (uplink: false), so event_processor would not keep events until it has them: "
    "write `uplink: true` there"
)


def read(context: Context) -> UplinkSettings:
    """Return the settings; raises ConfigError, with an uplink enabled also for what it lacks."""
    settings = read_settings(context.folder, FILE, UplinkSettings, context.environ)
    if context.suite.uplink and (faults := _lacking(settings, Lines(context.folder, FILE, context.environ))):
        raise ConfigError(faults)
    return settings


@dataclass(frozen=True, slots=True)
class UplinkSetup:
    """The settings, and what this site sends: the uplink applies ``streams``."""

    settings: UplinkSettings
    streams: tuple[str, ...]
    only_reads: bool


def read_to_run(context: Context) -> UplinkSetup:
    """Return what the service itself needs; raises ConfigError where the site has no uplink."""
    settings = read(context)
    if not context.suite.uplink:
        raise ConfigError([Lines(context.folder, "suite", context.environ).fault(("uplink",), OFF)])
    return UplinkSetup(settings, context.suite.uplink_streams, context.suite.only_reads)


def _lacking(settings: UplinkSettings, own: Lines) -> list[Fault]:
    faults = []
    if is_missing("confluent_kafka"):
        faults.append(Fault("uplink", "", needs("confluent_kafka", " to speak to Kafka")))
    if not settings.servers:
        faults.append(own.fault(("servers",), "names none; write where the fleet's log is: [kafka.example.org:9092]"))
    files = {
        ("tls", "ca_file"): settings.tls.ca_file,
        ("tls", "cert_file"): settings.tls.cert_file,
        ("tls", "key_file"): settings.tls.key_file,
        ("sasl", "password_file"): settings.sasl.password_file,
    }
    for place, path in files.items():
        try:
            if path is not None:
                read_small(path)
        except OSError as error:
            faults.append(own.fault(place, f"{path} cannot be read: {error.strerror}"))
    return faults
