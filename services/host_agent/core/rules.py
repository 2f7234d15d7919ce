"""The rules of the decisions, made from the settings; ``config/host_agent.yaml`` explains each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["low", "critical", "never"]
LowWord = Literal["alone", "always", "never"]


@dataclass(frozen=True, slots=True)
class Rules:
    """Times are seconds. A policy that is ``None`` is off.

    ``needs`` of the ``devices`` must be sound: the host is in danger when fewer are.
    """

    devices: tuple[str, ...] = ("ups",)
    needs: int = 1
    battery: Level = "critical"
    charge_below_percent: float | None = 10.0
    runtime_below_s: float | None = 180.0
    on_battery_for_s: float | None = None
    low_word: LowWord = "alone"
    forced_shutdown: bool = True
    active: tuple[str, ...] = ("UNDERVOLTAGE_DETECTED",)
    alerts: tuple[str, ...] = ()
    unknown_mains_is_battery_when_critical: bool = False
    hold_s: float = 5.0
    stale_after_s: float = 15.0
    dead_time_s: float = 30.0
    mains_back_s: float = 10.0
    boot_grace_s: float = 300.0
    delay_s: float = 30.0
    host_sync_s: float = 15.0
    final_delay_s: float = 5.0
    cut_timeout_s: float = 5.0
    retry_s: float = 30.0
