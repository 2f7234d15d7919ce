"""What ``upskeep run`` says besides what happens: what to do next, and what is left undone at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shared.messages import Status


def next_steps(statuses: Mapping[str, Status], url: str) -> Iterator[str]:
    """Yield what a person may do now that every service is online; ``url`` is empty for the usual broker."""
    first = f"`export UPSKEEP_BROKER={url}`, then " if url else ""
    yield (
        f"every service is online. In another terminal: {first}`upskeep alerts`, `upskeep history`, `upskeep stats`;"
        " `upskeep --help` lists all commands"
    )
    if _is_simulated(statuses):
        yield (
            "these readings are simulated. For a board of your own set `board:` in config/sensor_reader.yaml"
            " (docs/boards.md) and start with --source i2c; for a NUT server see docs/nut.md"
        )


def served_at(statuses: Mapping[str, Status]) -> str:
    """Return the address that the gateway serves at, empty while there is none."""
    gateway = statuses.get("gateway")
    return str(gateway.figures.get("address", "")) if gateway and gateway.state == "online" else ""


def left_undone(statuses: Mapping[str, Status]) -> Iterator[str]:
    """Yield what is not done at the end of a run, and what becomes of it."""
    store = statuses.get("counter_store")
    pending = store.figures.get("influx_pending", 0) if store else 0
    if store and isinstance(pending, int) and pending:
        error = store.figures.get("influx_last_error")
        yield (
            f"{pending:,} points for InfluxDB are not sent yet" + (f" ({error})" if error else "") + "; they are kept"
            " in the data folder, and the next run with it sends them"
        )


def _is_simulated(statuses: Mapping[str, Status]) -> bool:
    reader = statuses.get("sensor_reader")
    return reader is not None and str(reader.figures.get("source", "")).startswith("sim")
