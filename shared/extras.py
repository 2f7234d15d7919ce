"""Packages that not everybody needs: which extra brings each, and the sentence where one is missing."""

from __future__ import annotations

from importlib.util import find_spec

EXTRAS = {  # module: (package, extra)
    "apprise": ("apprise", "notify"),
    "confluent_kafka": ("confluent-kafka", "uplink"),
    "gpiod": ("gpiod", "gpio"),
    "influxdb_client": ("influxdb-client", "influxdb"),
    "psycopg": ("psycopg", "fleet"),
    "pyarrow": ("pyarrow", "parquet"),
    "re2": ("google-re2", "notify"),
}


def needs(module: str, for_what: str = "") -> str:
    """Return, for a person, what is missing and how it is installed."""
    package, extra = EXTRAS[module]
    return f"needs the package {package}{for_what}: pipx install --force 'upskeep[{extra}]'"


def is_missing(module: str) -> bool:
    """Whether a package cannot be imported here; it is looked for and not imported."""
    return find_spec(module) is None
