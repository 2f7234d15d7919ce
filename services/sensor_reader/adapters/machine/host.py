"""The host's own sensors, as Linux shows them under /sys."""

from __future__ import annotations

from pathlib import Path

from services.sensor_reader.core.ports import PortError

# Zone types that mean the processor, best first: Raspberry Pi, other ARM boards, PCs.
_CPU_ZONES = ("cpu-thermal", "cpu_thermal", "soc-thermal", "soc_thermal", "x86_pkg_temp", "acpitz")


class LinuxHost:
    """``HostSensors`` from ``/sys/class/thermal``; ``root`` stands for ``/``."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._zones = root / "sys/class/thermal"

    def has_cpu_temperature(self) -> bool:
        """Say whether this machine shows a processor temperature at all (virtual machines often do not)."""
        return self._zone() is not None

    def cpu_temperature(self) -> float:
        """Return the processor's temperature in °C; raises PortError."""
        zone = self._zone()
        if zone is None:
            raise PortError("bus", f"{self._zones}: no thermal zone here")
        try:
            return int((zone / "temp").read_text()) / 1000
        except (OSError, ValueError) as error:
            raise PortError("bus", f"{zone / 'temp'}: {error}") from error

    def _zone(self) -> Path | None:
        """Return the processor's zone: the best known type, else the first zone there is."""
        zones = sorted(self._zones.glob("thermal_zone*"))
        types = {_type(zone): zone for zone in reversed(zones)}
        return next((types[kind] for kind in _CPU_ZONES if kind in types), zones[0] if zones else None)


def _type(zone: Path) -> str:
    try:
        return (zone / "type").read_text().strip()
    except OSError:
        return ""
