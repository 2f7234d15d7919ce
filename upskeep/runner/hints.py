"""What ``upskeep run`` says besides what happens: what to do next, and what is left undone at the end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from shared.messages import Status


def next_steps(statuses: Mapping[str, Status], url: str, program: str = "upskeep") -> Iterator[str]:
    """Yield what a person may do now that every service is online.

    ``url`` is empty for the usual broker, ``program`` what calls this command line in another terminal.
    """
    first = f"`export UPSKEEP_BROKER={url}`, then " if url else ""
    yield (
        f"every service is online. In another terminal: {first}`{program} alerts`, `{program} history`,"
        f" `{program} stats`;"
        f" `{program} --help` lists all commands"
    )
    if _is_simulated(statuses):
        yield (
            f"these readings are simulated. For hardware of your own `{program} init` writes the configuration"
            " (docs/boards.md, docs/nut.md)"
        )


def room_steps(source: str, program: str = "upskeep") -> str:
    """Return what a person may do with a simulated room."""
    zone = source.partition(":")[2]
    return (
        f"the room {zone} is observed and nothing is switched: `{program} climate now` shows what would be;"
        f" `{program} climate mode {zone} VPD_Target` lets it be controlled, `{program} actuators` shows the devices"
    )


def program_name(called: str, folder: Path, path: str | None) -> str:
    """Return what calls this command line again from ``folder``: ``upskeep`` where it is on the search path.

    ``called`` is the path that it was started by, ``path`` the folders of the environment's PATH.
    """
    found = shutil.which("upskeep", path=path or os.defpath)
    file = Path(called)
    if found or not file.is_absolute() or file.name != "upskeep":
        return "upskeep"
    return str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file)


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
